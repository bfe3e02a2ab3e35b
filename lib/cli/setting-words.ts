import { InvalidArgumentError } from 'commander';
import { type Config, defaultConfig } from '../app/config.ts';

/**
 * Settings at the end of a command line, as Celery takes them: `task_acks_late=true`, `worker.prefetch_multiplier=1`, and
 * `.prefetch_multiplier=1`, where the dot stands for the command (celery/loaders/base.py `cmdline_config_parser`).
 * Values are read as JSON; what is none, and every value of a setting that is a text, is taken as it stands.
 */
export function readSettingWords(words: readonly string[], namespace: string): Partial<Config> {
  const defaults: Readonly<Record<string, unknown>> = { ...defaultConfig() };
  const settings = words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) {
      throw new InvalidArgumentError(
        `"${word}" is no setting: write setting=value, such as task_acks_late=true.`,
      );
    }
    const name = word.slice(0, at).toLowerCase().replaceAll('.', '_');
    const key = name.startsWith('_') ? namespace + name : name;
    return [key, readValue(word.slice(at + 1), typeof defaults[key] === 'string')];
  });
  return Object.fromEntries(settings);
}

const PYTHON_WORDS: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

function readValue(text: string, isText: boolean): unknown {
  if (isText) return text;
  if (Object.hasOwn(PYTHON_WORDS, text)) return PYTHON_WORDS[text];
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
