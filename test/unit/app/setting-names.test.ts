import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../lib/app/config.ts';
import { newNameOf } from '../../../lib/app/setting-names.ts';
import { settingsOf } from '../../../lib/app/task-settings.ts';
import { Celery } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { PYTHON } from '../../kit/python.ts';

describe('names of settings', () => {
  it("every old name that Python knows leads to today's", () => {
    const source =
      'import json; from celery.app import defaults; print(json.dumps([defaults._TO_NEW_KEY, list(defaults.DEFAULTS)]))';
    const { stdout } = spawnSync(PYTHON, ['-c', source], { encoding: 'utf8' });
    const [renamed, all] = JSON.parse(stdout) as [Record<string, string>, string[]];
    const known = Object.keys(defaultConfig({}));
    expect(Object.keys(renamed).length).toBeGreaterThan(100);
    for (const [old, name] of Object.entries(renamed)) {
      expect([old, newNameOf(old, known)]).toEqual([old, known.includes(name) ? name : null]);
      // Those that are not here say why, and never "did you mean".
      expect(() => new Celery('a', { [old]: 1 })).toThrow(/is an old name of|has no meaning here/);
    }
    const absent = all.filter((name) => !known.includes(name));
    for (const name of absent)
      expect(() => new Celery('a', { [name]: 1 })).toThrow(/has no meaning here: .+ Leave it out/);
  });

  it.each([
    ['CELERYD_CONCURRENCY', /write worker_concurrency/],
    ['CELERY_TASK_ACKS_LATE', /write task_acks_late/],
    ['BROKER_POOL_LIMIT', /no meaning here: an app has one connection/],
    ['redis_host', /write it into result_backend/],
  ])('%s says what to do', (name, text) => {
    expect(() => new Celery('a', { [name]: 1 })).toThrow(text);
  });
});

describe('values of settings', () => {
  it.each<[object, RegExp]>([
    [{ timezone: 'Europe/Atlantis' }, /timezone is "Europe\/Atlantis"/],
    [{ task_protocol: 1 }, /task_protocol must be 2/],
    [{ task_default_delivery_mode: 3 }, /must be 1 or 2/],
    [{ worker_redirect_stdouts_level: 'loud' }, /no log level/],
    [{ worker_log_format: '%(asctime)s %(colour)s' }, /names "colour"/],
  ])('%j is refused', (settings, text) => {
    expect(() => new Celery('a', settings)).toThrow(text);
  });
});

describe('acks on failure and on timeout', () => {
  it.each([
    [{}, {}, [true, true]],
    [{ task_acks_on_failure_or_timeout: false }, {}, [false, false]],
    [{ task_acks_on_failure: false }, {}, [false, true]],
    [{ task_acks_on_timeout: false }, { acksOnTimeout: true, acksOnFailure: false }, [false, true]],
    [{ task_acks_on_failure_or_timeout: true }, { acksOnFailureOrTimeout: false }, [false, false]],
  ])('%j and %j: %j', (settings, options, expected) => {
    const app = new Celery('a', settings, silentLogger);
    app.task('t', options, () => 1);
    const task = app.tasks.get('t');
    if (!task) throw new Error('unreachable');
    const { acksOnFailure, acksOnTimeout } = settingsOf(task, app.conf);
    expect([acksOnFailure, acksOnTimeout]).toEqual(expected);
  });
});
