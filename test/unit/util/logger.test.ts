import { describe, expect, it } from 'vitest';
import { createLogger, parseLogLevel } from '../../../lib/util/logger.ts';
import { redirectStdouts } from '../../../lib/util/redirect.ts';

function logged(
  options: Parameters<typeof createLogger>[0],
  act: (logger: ReturnType<typeof createLogger>) => void,
): string {
  let text = '';
  act(
    createLogger({
      ...options,
      level: 'INFO',
      write: (line) => {
        text += line;
      },
    }),
  );
  return text;
}

describe('lines of the log', () => {
  it("are Celery's by default", () => {
    const line = logged({ processName: 'ForkPoolWorker-1' }, (logger) => logger.info('hello'));
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: INFO\/ForkPoolWorker-1\] hello\n$/);
    const task = { name: 'tasks.add', id: 'id-1' };
    const ofTask = logged({}, (logger) => logger.logOf?.(task, 'WARNING', 'printed'));
    expect(ofTask).toMatch(/: WARNING\/MainProcess\] tasks\.add\[id-1\]: printed\n$/);
  });

  it('are as the format says', () => {
    const options = { format: '%(levelname)-8s|%(levelname)8s|%(process)d %(name)s 100%% %(message)s' };
    expect(logged(options, (logger) => logger.warning('$& here'))).toBe(
      `WARNING | WARNING|${process.pid} umbel 100% $& here\n`,
    );
  });

  it('leave the percent signs of what is logged alone', () => {
    const format = '%%(message)s %(message)s';
    expect(logged({ format }, (logger) => logger.info('100%% %(asctime)s'))).toBe(
      '%(message)s 100%% %(asctime)s\n',
    );
  });

  it('are coloured from warnings on when asked', () => {
    const color = (level: 'info' | 'error'): string =>
      logged({ format: '%(message)s', isColored: true }, (logger) => logger[level]('x'));
    expect(color('info')).toBe('x\n');
    expect(color('error')).toBe('\u001b[1;31mx\u001b[0m\n');
  });
});

describe('what is printed', () => {
  it('comes line by line, and the log itself does not', () => {
    const lines: string[] = [];
    const before = process.stdout.write;
    const end = redirectStdouts((line) => void lines.push(line));
    try {
      process.stdout.write('one\ntw');
      process.stdout.write('o\n');
      const bytes = Buffer.from('three €\n');
      process.stderr.write(bytes.subarray(0, 7));
      process.stderr.write(bytes.subarray(7));
      process.stdout.write('the rest');
    } finally {
      end();
    }
    expect(lines).toEqual(['one', 'two', 'three €', 'the rest']);
    expect(process.stdout.write).toBe(before);
  });
});

it.each([
  ['info', 'INFO'],
  ['WARN', 'WARNING'],
  ['FATAL', 'CRITICAL'],
  ['20', 'INFO'],
  ['loud', undefined],
])('the level %s is %s', (text, level) => {
  expect(parseLogLevel(text)).toBe(level);
});
