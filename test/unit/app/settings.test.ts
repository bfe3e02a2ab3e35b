import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../lib/app/config.ts';
import { Router } from '../../../lib/app/router.ts';
import { Broadcast, Celery, isCelery } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';

describe('settings', () => {
  it('are the given ones, then the environment, then the embedded engine', () => {
    expect(defaultConfig({}).broker_url).toBe('redis://127.0.0.1:5556/0');
    expect(defaultConfig({ CELERY_BROKER_URL: 'redis://h/2' }).broker_url).toBe('redis://h/2');
    const app = new Celery('a', { broker: 'redis://x/1', backend: 'redis://x/2', task_acks_late: true });
    expect(app.conf).toMatchObject({
      broker_url: 'redis://x/1',
      result_backend: 'redis://x/2',
      task_acks_late: true,
    });
    expect(new Celery('a', { broker: 'redis://x/1' }).backendUrl).toBeNull();
    expect(new Celery('a', { broker: 'redis://127.0.0.1:5556/0' }).backendUrl).toBe(
      'redis://127.0.0.1:5556/1',
    );
  });

  it.each([
    ['task_ack_late', 'task_acks_late'],
    ['taskAcksLate', 'task_acks_late'],
    ['brokr', 'broker'],
    ['resultExpire', 'result_expires'],
  ])('names the nearest for %s', (wrong, nearest) => {
    expect(() => new Celery('a', { [wrong]: true })).toThrow(
      `"${wrong}" is no setting. Did you mean "${nearest}"?`,
    );
  });

  it('change all at once, or not at all', () => {
    const app = new Celery('a', {}, silentLogger);
    const change = { task_acks_late: true, timezone: 'Europe/Atlantis' };
    expect(() => app.configure(change)).toThrow(/Atlantis/);
    expect([app.conf.task_acks_late, app.conf.timezone]).toEqual([false, null]);
    app.configure({ ...change, timezone: 'Europe/Berlin' });
    expect([app.conf.task_acks_late, app.conf.timezone]).toEqual([true, 'Europe/Berlin']);
  });

  it('refuse serializers that are not there', () => {
    expect(() => new Celery('a', { task_serializer: 'pickle' })).toThrow(
      /never read or written\. There are: json, msgpack, yaml/,
    );
    expect(() => new Celery('a', { accept_content: ['json', 'pickle'] })).toThrow(
      /accept_content is "pickle"/,
    );
    expect(() => new Celery('a', { task_compression: 'lzma' })).toThrow(
      /"lzma" is not understood; here are: gzip, brotli/,
    );
    expect(() => new Celery('a', { broker_transport_options: { max_message_size: '1' } })).toThrow(
      /number of bytes/,
    );
    expect(
      new Celery('a', { accept_content: ['application/x-yaml', 'msgpack'] }).conf.accept_content,
    ).toHaveLength(2);
  });

  it('fill what a task leaves open, and annotations win', () => {
    const app = new Celery(
      'a',
      {
        task_time_limit: 60,
        task_annotations: { 'tasks.a': { rateLimit: '5/m', acksLate: false }, '*': { acksLate: true } },
      },
      silentLogger,
    );
    app.task('tasks.a', { softTimeLimit: 5 }, () => 1);
    const task = app.tasks.get('tasks.a');
    expect(task && app.settingsOf(task)).toMatchObject({
      timeLimit: 60,
      softTimeLimit: 5,
      rateLimit: '5/m',
      acksLate: true,
      ignoreResult: false,
    });
  });
});

describe('an option of tasks', () => {
  const OPTIONS = [
    ['task_acks_late', 'acksLate', true, false],
    ['task_acks_on_failure', 'acksOnFailure', false, true],
    ['task_acks_on_timeout', 'acksOnTimeout', false, true],
    ['task_reject_on_worker_lost', 'rejectOnWorkerLost', true, false],
    ['task_ignore_result', 'ignoreResult', true, false],
    ['task_store_errors_even_if_ignored', 'storeErrorsEvenIfIgnored', true, false],
    ['task_track_started', 'trackStarted', true, false],
    ['task_time_limit', 'timeLimit', 60, 5],
    ['task_soft_time_limit', 'softTimeLimit', 60, 5],
    ['task_default_rate_limit', 'rateLimit', '9/s', '5/m'],
  ] as const;

  it.each(OPTIONS)('%s stands for what it leaves open, and for that alone', (setting, option, value, own) => {
    const standard = new Celery('standard');
    const app = new Celery('a', { [setting]: value });
    const open = { ...standard.settingsOf(standard.task('tasks.open', () => 1)), [option]: value };
    expect(app.settingsOf(app.task('tasks.open', () => 1))).toEqual(open);
    expect(app.settingsOf(app.task('tasks.own', { [option]: own }, () => 1))).toMatchObject({
      [option]: own,
    });
  });

  it('is one of these', () => {
    const app = new Celery('a');
    const options = Object.keys(app.settingsOf(app.task('tasks.a', () => 1)));
    expect(options.sort()).toEqual(OPTIONS.map(([, option]) => option).sort());
  });
});

describe('apps and tasks', () => {
  it('are known by their brand', () => {
    expect(isCelery(new Celery('a'))).toBe(true);
    expect(isCelery({})).toBe(false);
    expect(isCelery(null)).toBe(false);
  });

  it('need names and functions', () => {
    const app = new Celery('a');
    expect(() => app.task('', () => 1)).toThrow(/needs a name/);
    expect(() => app.task('x', {} as never)).toThrow(/needs a function/);
  });
});

describe('routes', () => {
  const route = (settings: object, task = 'feed.tasks.import', options = {}) => {
    const router = new Router(Object.assign(defaultConfig({}), settings));
    const { destination, priority, isFanout } = router.route(task, [], {}, options);
    return [destination.exchange, destination.routingKey, priority, isFanout].filter(
      (part) => part !== null && part !== false && part !== undefined,
    );
  };

  it.each<[string, object, object, unknown[]]>([
    ['the default queue', {}, {}, ['', 'celery']],
    ['another default queue', { task_default_queue: 'q' }, {}, ['', 'q']],
    [
      'an exact name',
      { task_routes: { 'feed.*': 'globs', 'feed.tasks.import': { queue: 'feeds', priority: 3 } } },
      {},
      ['', 'feeds', 3],
    ],
    ['a glob', { task_routes: { 'feed.*': 'globs' } }, {}, ['', 'globs']],
    ['no glob without a star', { task_routes: { 'feed.?': 'globs' } }, {}, ['', 'celery']],
    ['pairs with a pattern', { task_routes: [[/feed\.(tasks|jobs)\./, { queue: 're' }]] }, {}, ['', 're']],
    [
      'several routers',
      { task_routes: [{ other: 'x' }, () => null, () => 'by-function'] },
      {},
      ['', 'by-function'],
    ],
    ['an explicit queue', { task_routes: { 'feed.*': 'globs' } }, { queue: 'mine' }, ['', 'mine']],
    ['an exchange and key', {}, { exchange: 'e', routingKey: 'k' }, ['e', 'k']],
    [
      'a topic queue',
      { task_queues: [{ name: 't', exchange: 'tex', exchangeType: 'topic', routingKey: 'a.b' }] },
      { queue: 't' },
      ['tex', 'a.b'],
    ],
    [
      'a fanout queue',
      { task_queues: { bc: { exchangeType: 'fanout' } } },
      { queue: 'bc' },
      ['bc', 'bc', true],
    ],
    [
      'a direct queue with an exchange',
      { task_queues: [{ name: 'd', exchange: 'dex' }] },
      { queue: 'd' },
      ['', 'd'],
    ],
  ])('%s', (_title, settings, options, expected) => {
    expect(route(settings, 'feed.tasks.import', options)).toEqual(expected);
  });

  it('follow settings that are replaced', () => {
    const conf = defaultConfig({});
    const router = new Router(conf);
    expect(router.route('t', [], {}, {}).destination.routingKey).toBe('celery');
    conf.task_routes = { t: 'elsewhere' };
    expect(router.route('t', [], {}, {}).destination.routingKey).toBe('elsewhere');
  });

  it('declare the queues of each kind as told', () => {
    const quorum = { 'x-queue-type': 'quorum' };
    const router = (settings: object): Router => new Router(Object.assign(defaultConfig({}), settings));
    const ofDefault = router({ task_default_queue_type: 'quorum', task_queue_max_priority: 5 });
    expect(ofDefault.queues).toEqual([
      expect.objectContaining({ name: 'celery', arguments: { ...quorum, 'x-max-priority': 5 } }),
    ]);
    expect(ofDefault.queue('other').arguments).toEqual({ 'x-max-priority': 5 });
    const ofMissing = router({ task_create_missing_queue_type: 'quorum' });
    expect(ofMissing.queues[0]?.arguments).toBeUndefined();
    expect(ofMissing.queue('other').arguments).toEqual(quorum);
  });

  it('refuse undeclared queues when told to', () => {
    expect(() =>
      route({ task_create_missing_queues: false, task_queues: ['a'] }, 't', { queue: 'b' }),
    ).toThrow(/no queue "b" in task_queues/);
  });
});

describe('routers in a module', () => {
  const PATH = './test/unit/app/route-module.mjs';
  const queueOf = (spec: string, task: string, kwargs = {}, options = {}): string | null => {
    const router = new Router(Object.assign(defaultConfig({}), { task_routes: [spec] }));
    return router.route(task, [], kwargs, options).queue;
  };

  it('decide by what the call is', () => {
    expect(queueOf(`${PATH}:route`, 'reports.daily')).toBe('reports-all');
    expect(queueOf(`${PATH}:route`, 'reports.daily', {}, { shadow: 'x' })).toBe('reports-x');
    expect(queueOf(`${PATH}:route`, 'reports.daily', { urgent: true })).toBe('urgent');
    expect(queueOf(`${PATH}:route`, 'other')).toBe('celery');
  });

  it('say what is wrong with them', () => {
    expect(() => queueOf(`${PATH}:number`, 'a')).toThrow(/exports no function "number"/);
    expect(() => queueOf('./no-such-file.ts:route', 'a')).toThrow(
      /"\.\/no-such-file\.ts:route" cannot be loaded/,
    );
  });
});

describe('broadcast queues', () => {
  it('are found by their alias, and reach everybody', () => {
    const conf = Object.assign(defaultConfig({}), { task_queues: [new Broadcast('bc'), 'plain'] });
    const router = new Router(conf);
    expect(router.queue('bc').name).toMatch(/^bcast\.[\w-]{36}$/);
    expect(new Broadcast('bc').name).not.toBe(router.queue('bc').name);
    expect(router.route('a', [], {}, { queue: 'bc' })).toEqual({
      destination: { exchange: 'bc', routingKey: 'celery' },
      queue: 'bc',
      priority: null,
      isFanout: true,
    });
  });
});

it.each([
  [{ control_queue_durable: true }, 'control_queue_exclusive and control_queue_durable cannot both be true'],
  [{ event_queue_durable: true }, 'event_queue_exclusive and event_queue_durable cannot both be true'],
  [{ worker_detect_quorum_queues: false }, 'worker_detect_quorum_queues must be true'],
  [{ broker_native_delayed_delivery_queue_type: 'stream' }, 'must be "classic" or "quorum"'],
  [{ task_default_queue_type: 'stream' }, 'task_default_queue_type must be "classic" or "quorum"'],
  [{ task_create_missing_queue_type: 'x' }, 'task_create_missing_queue_type must be "classic" or "quorum"'],
])('what RabbitMQ would refuse is refused at once: %o', (settings, text) => {
  expect(() => new Celery('wrong', Object(settings))).toThrow(text);
});

describe('values of settings', () => {
  it.each([
    ['task_acks_late', 'on', true],
    ['task_acks_late', 'False', false],
    ['task_acks_on_failure', 'no', false],
    ['task_acks_on_failure', null, null],
    ['broker_use_ssl', 'yes', true],
    ['task_time_limit', '30', 30],
    ['result_expires', null, null],
    ['worker_concurrency', '8', 8],
    ['include', 'a.tasks, b.tasks', ['a.tasks', 'b.tasks']],
  ])('%s takes %j', (key, value, expected) => {
    const conf: Readonly<Record<string, unknown>> = { ...new Celery('a', { [key]: value }).conf };
    expect(conf[key]).toEqual(expected);
  });

  it.each([
    ['task_acks_late', 'maybe', 'task_acks_late must be true or false, not "maybe".'],
    ['task_acks_late', null, 'task_acks_late must be true or false, not null.'],
    ['task_time_limit', 'long', 'task_time_limit must be a number, not "long".'],
    ['worker_concurrency', {}, 'worker_concurrency must be a number, not {}.'],
    ['imports', 5, 'imports must be a list, not 5.'],
    ['task_default_queue_type', 'stream', 'task_default_queue_type must be "classic" or "quorum".'],
    ['broker_failover_strategy', 'random', 'broker_failover_strategy must be "round-robin" or "shuffle".'],
    ['broker_url', 7, 'broker_url must be a URL or a list of URLs, not 7.'],
  ])('%s refuses %j', (key, value, message) => {
    expect(() => new Celery('a', { [key]: value })).toThrow(message);
  });

  it('read the retry policy with the names of Celery or with ours', () => {
    const policyOf = (policy: object) => new Celery('a', { task_publish_retry_policy: policy }).conf;
    const expected = { maxRetries: 5, intervalStart: 1, intervalStep: 0.2, intervalMax: 1 };
    for (const policy of [
      { max_retries: 5, interval_start: 1 },
      { maxRetries: 5, intervalStart: 1 },
    ]) {
      expect(policyOf(policy).task_publish_retry_policy).toEqual(expected);
    }
    expect(policyOf({ max_retries: null }).task_publish_retry_policy.maxRetries).toBeNull();
    expect(() => policyOf({ retries: 5 })).toThrow(/has no field "retries", only max_retries/);
    expect(() => policyOf({ interval_max: '1' })).toThrow(
      /interval_max in task_publish_retry_policy must be/,
    );
  });
});
