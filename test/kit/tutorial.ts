/** One thing that a reader of a tutorial does, in the order of the page. */
export type Step =
  | { readonly kind: 'write'; readonly file: string; readonly text: string; readonly wait: RegExp | null }
  | { readonly kind: 'run'; readonly commands: readonly string[]; readonly output: readonly string[] }
  | {
      readonly kind: 'start';
      readonly name: string;
      readonly command: string;
      readonly until: RegExp;
      readonly output: readonly string[];
    }
  | { readonly kind: 'stop'; readonly name: string };

const PARTS = /<!-- (?<comment>.*?) -->|^```(?<language>\w+)\n(?<body>[\s\S]*?)^```/gm;

/**
 * Reads a page. A block of code whose first line is a comment with a file name is written to that file; `sh` is run, and
 * a `text` block after it is what it prints. Comments of the page say what runs on: `start NAME until PATTERN` and
 * `stop NAME`; `wait PATTERN` before a file waits for that in the output of what runs.
 */
export function readTutorial(page: string): Step[] {
  const steps: Step[] = [];
  let note = '';
  for (const { groups = {} } of page.matchAll(PARTS)) {
    const { comment, language = '', body = '' } = groups;
    if (comment !== undefined) {
      const [word, name = ''] = comment.split(' ');
      if (word === 'stop') steps.push({ kind: 'stop', name });
      else note = comment;
      continue;
    }
    addBlock(steps, language, body, note);
    note = '';
  }
  return steps;
}

function addBlock(steps: Step[], language: string, body: string, note: string): void {
  const lines = body.trimEnd().split('\n');
  if (language === 'text') {
    const last = steps.pop();
    if (last === undefined || !('output' in last)) throw new Error(`Output of nothing: ${body}`);
    steps.push({ ...last, output: lines.filter((line) => line.trim() !== '') });
    return;
  }
  if (language === 'sh') {
    const [, name = '', until = ''] = /^start (\S+) until (.*)$/.exec(note) ?? [];
    if (name === '') steps.push({ kind: 'run', commands: lines, output: [] });
    else steps.push({ kind: 'start', name, command: lines[0] ?? '', until: new RegExp(until), output: [] });
    return;
  }
  const [, file] = /^(?:\/\/|#) (\S+\.\w+)$/.exec(lines[0] ?? '') ?? [];
  if (file === undefined) throw new Error(`A block that nobody tries: ${body}`);
  const [, wait] = /^wait (.*)$/.exec(note) ?? [];
  steps.push({ kind: 'write', file, text: body, wait: wait === undefined ? null : new RegExp(wait) });
}
