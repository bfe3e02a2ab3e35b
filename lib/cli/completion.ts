import type { Command } from 'commander';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';

/** For each shell: how it asks us what may come next (`umbel completion words -- …`, see complete.ts). */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_umbel() {
  local IFS=$'\\n'
  COMPREPLY=($(umbel completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _umbel umbel`,
  zsh: `#compdef umbel
_umbel() {
  local -a found
  found=("\${(@f)$(umbel completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
if [[ "\${funcstack[1]}" == _umbel ]]; then _umbel "$@"; else compdef _umbel umbel; fi`,
  fish: `function __umbel
  set -l found (umbel completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c umbel -f -a '(__umbel)'`,
};

/** `umbel completion SHELL`: prints what a shell has to run to complete our commands, options and tasks. */
export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .description('Print a script that lets the shell complete commands, options and task names.')
    .argument('<shell>', Object.keys(SCRIPTS).join(', '))
    .addHelpText(
      'after',
      `
Examples:
  umbel completion bash >> ~/.bashrc
  umbel completion zsh > "\${fpath[1]}/_umbel"
  umbel completion fish > ~/.config/fish/completions/umbel.fish`,
    )
    .action((shell: string) => {
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined) {
        const names = Object.keys(SCRIPTS).join(', ');
        throw new CliExit(EXIT.usage, `Error: There is no completion for "${shell}". There are: ${names}.`);
      }
      say(script);
    });
}
