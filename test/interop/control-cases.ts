/* Requests of remote control and what Celery 5.6 answers, to be asked of workers of both languages. `SIDE` is py or ts. */

export interface ControlCase {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly reply: unknown;
  /** Celery 5.2 says it otherwise, or has no such command. */
  readonly isNew?: boolean;
}

const ok = (text: string): { ok: string } => ({ ok: text });
const error = (text: string): { error: string } => ({ error: text });

function missing(method: string, names: string, count = 1): { error: string } {
  const noun = count === 1 ? 'argument' : 'arguments';
  return error(`TypeError("${method}() missing ${count} required positional ${noun}: ${names}")`);
}

const unexpected = (method: string): ControlCase => ({
  method,
  args: { x: 1 },
  reply: error(`TypeError("${method}() got an unexpected keyword argument 'x'")`),
});

const row = (method: string, args: Readonly<Record<string, unknown>>, reply: unknown): ControlCase => ({
  method,
  args,
  reply,
});
const newer = (...given: Parameters<typeof row>): ControlCase => ({ ...row(...given), isNew: true });

const TASK = { task_name: 'SIDE.add' };
const FLOAT = (text: string): { error: string } =>
  error(`Invalid rate limit string: ValueError("could not convert string to float: '${text}'")`);

export const CONTROL_CASES: readonly ControlCase[] = [
  row('ping', {}, ok('pong')),
  row('ping', { x: 1 }, ok('pong')),
  row('nosuch', {}, error("KeyError('nosuch')")),

  row('active', {}, []),
  row('active', { safe: null }, []),
  row('dump_active', {}, []),
  row('reserved', {}, []),
  row('dump_reserved', {}, []),
  row('scheduled', {}, []),
  row('dump_schedule', {}, []),
  row('revoked', {}, []),
  row('dump_revoked', {}, []),
  row('query_task', { ids: ['unknown'] }, {}),
  row('query_task', { ids: 'unknown' }, {}),
  row('query_task', {}, missing('query_task', "'ids'")),
  row('hello', {}, missing('hello', "'from_node'")),
  ...['report', 'active_queues', 'enable_events', 'disable_events', 'heartbeat', 'autoscale', 'objgraph'].map(
    unexpected,
  ),

  row('rate_limit', { ...TASK, rate_limit: '10/m' }, ok('new rate limit set successfully')),
  row('rate_limit', { ...TASK, rate_limit: 2.5, workername: 'x' }, ok('new rate limit set successfully')),
  row('rate_limit', { ...TASK, rate_limit: 0 }, ok('rate limit disabled successfully')),
  row('rate_limit', { ...TASK, rate_limit: '' }, ok('rate limit disabled successfully')),
  row('rate_limit', { ...TASK, rate_limit: null }, ok('rate limit disabled successfully')),
  row('rate_limit', { ...TASK, rate_limit: 'ten' }, FLOAT('ten')),
  row('rate_limit', { ...TASK, rate_limit: '/s' }, FLOAT('')),
  row('rate_limit', { task_name: 'nope', rate_limit: 'ten/m' }, FLOAT('ten')),
  row('rate_limit', { task_name: 'nope', rate_limit: '1/s' }, error('unknown task')),
  row('rate_limit', {}, missing('rate_limit', "'task_name' and 'rate_limit'", 2)),
  row('rate_limit', TASK, missing('rate_limit', "'rate_limit'")),
  row('rate_limit', { rate_limit: '1/s' }, missing('rate_limit', "'task_name'")),
  row('time_limit', { ...TASK, soft: 30, hard: 60 }, ok('time limits set successfully')),
  row('time_limit', { ...TASK, soft: null, hard: null }, ok('time limits set successfully')),
  row('time_limit', { task_name: 'nope', soft: 1, hard: 2 }, error('unknown task')),
  row('time_limit', {}, error('unknown task')),

  newer('revoke', { task_id: 'a1' }, ok("tasks {'a1'} flagged as revoked")),
  newer('revoke', { task_id: [] }, ok('tasks set() flagged as revoked')),
  newer('revoke', { task_id: null }, ok('tasks set() flagged as revoked')),
  newer('revoke', { task_id: 'a1', signal: 'NOSUCH' }, ok("tasks {'a1'} flagged as revoked")),
  row('revoke', { task_id: 'a1', terminate: true }, ok('terminate: tasks unknown')),
  row(
    'revoke',
    { task_id: ['a1', 'b2'], terminate: true, signal: 'SIGKILL' },
    ok('terminate: tasks unknown'),
  ),
  row('revoke', {}, missing('revoke', "'task_id'")),
  row('terminate', { signal: 'KILL', task_id: 'a1' }, ok('terminate: tasks unknown')),
  row('terminate', { signal: 9, task_id: ['a1', 'b2'] }, ok('terminate: tasks unknown')),
  row('terminate', {}, missing('terminate', "'signal' and 'task_id'", 2)),
  row('terminate', { task_id: 'a1' }, missing('terminate', "'signal'")),
  ...revokesByStamps(),

  row('pool_grow', {}, ok('pool will grow')),
  row('pool_grow', { n: 0 }, ok('pool will grow')),
  row('pool_shrink', { n: 1 }, ok('pool will shrink')),
  row('pool_restart', { modules: ['x'], reload: true }, error("ValueError('Pool restarts not enabled')")),
  row('autoscale', { max: 3, min: 1 }, error("ValueError('Autoscale not enabled')")),

  row('add_consumer', { queue: 'SIDE-more' }, ok('add consumer SIDE-more')),
  row('add_consumer', { queue: 'SIDE-more', exchange: null, x: 1 }, ok('add consumer SIDE-more')),
  row('add_consumer', {}, missing('add_consumer', "'queue'")),
  row('cancel_consumer', { queue: 'SIDE-more' }, ok('no longer consuming from SIDE-more')),
  row('cancel_consumer', { queue: 'SIDE-none' }, ok('no longer consuming from SIDE-none')),
  row('cancel_consumer', {}, missing('cancel_consumer', "'queue'")),

  row('enable_events', {}, ok('task events enabled')),
  row('enable_events', {}, ok('task events already enabled')),
  row('disable_events', {}, ok('task events disabled')),
  row('disable_events', {}, ok('task events already disabled')),
  row('heartbeat', {}, null),
  row('election', {}, missing('election', "'id' and 'topic'", 2)),
  row('election', { id: 'e' }, missing('election', "'topic'")),
];

function revokesByStamps(): ControlCase[] {
  const flagged = (headers: string): unknown =>
    ok(`headers ${headers} flagged as revoked, but not terminated`);
  const by = (headers: unknown, reply: unknown, terminate = false): ControlCase =>
    newer('revoke_by_stamped_headers', { headers, terminate }, reply);
  return [
    by({}, flagged('{}')),
    by({ a: 'b' }, flagged("{'a': 'b'}")),
    by({ a: ['b', 'c'], d: 1 }, flagged("{'a': ['b', 'c'], 'd': 1}")),
    by(['a=b', 'd=e'], flagged("{'a': 'b', 'd': 'e'}")),
    by({ a: 'b' }, ok("headers {'a': 'b'} were not terminated"), true),
    newer('revoke_by_stamped_headers', {}, missing('revoke_by_stamped_headers', "'headers'")),
  ];
}
