import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GroupBackend, ResultBackend } from '../../lib/backend/backend.ts';
import { openBackend } from '../../lib/backend/open.ts';
import { composeResult } from '../../lib/protocol/result.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { python } from '../kit/python.ts';
import { RESULT_STORES, type ResultStore } from '../kit/result-stores.ts';

const LIMIT_MS = 120_000;

/** What Python does: it stores results and a group, and says what it reads. */
const PYTHON_WRITES = `
from celery.result import GroupResult
b = app.backend
b.store_result('py-ok', {'sum': 5, 'big': 2**70, 'text': 'ä€😀'}, 'SUCCESS')
b.store_result('py-failed', ValueError('no', 3), 'FAILURE', traceback='Traceback …')
b.store_result('py-progress', {'current': 1}, 'PROGRESS')
GroupResult('py-group', [app.AsyncResult('a'), GroupResult('h', [app.AsyncResult('b')])]).save()
True`;

const PYTHON_READS = `
from celery.result import GroupResult
r = app.AsyncResult
ok, failed = r('ts-ok'), r('ts-failed')
group = GroupResult.restore('ts-group', app=app) or app.GroupResult.restore('ts-group')
{'ok': ok.get(timeout=1), 'state': ok.state, 'name': ok.name, 'args': ok.args, 'error': repr(failed.result), 'trace': failed.traceback, 'group': [x.id for x in group.results], 'date': ok.date_done is not None}`;

describe.each(RESULT_STORES)('Python and TypeScript in the same results of $name', ({ name, start }) => {
  let store: ResultStore;
  beforeAll(async () => {
    store = await start();
  }, LIMIT_MS);
  afterAll(async () => {
    await store.stop();
  });

  const open = async (): Promise<ResultBackend & GroupBackend> => {
    const backend = openBackend(store.url(), {
      logger: silentLogger,
      expiresSeconds: 86_400,
      isExtended: true,
    });
    await backend.start();
    return backend as ResultBackend & GroupBackend;
  };
  const asPython = (source: string): Promise<unknown> =>
    python(
      { broker: 'memory://', backend: store.pythonUrl(), conf: { result_extended: true } },
      source,
      60_000,
    );

  test('what TypeScript stored in tables of its own, Python reads', { timeout: LIMIT_MS }, async () => {
    const backend = await open();
    await backend.store({
      taskId: 'ts-ok',
      text: composeResult({
        taskId: 'ts-ok',
        status: 'SUCCESS',
        resultText: '{"sum": 5, "list": [1, 2.5, null]}',
        extended: {
          name: 'shop.add',
          argsText: '[2, 3]',
          kwargsText: '{}',
          worker: 'w1@host',
          retries: 0,
          queue: 'celery',
        },
      }),
    });
    await backend.store({
      taskId: 'ts-failed',
      text: composeResult({
        taskId: 'ts-failed',
        status: 'FAILURE',
        resultText: '{"exc_type": "KeyError", "exc_message": ["k"], "exc_module": "builtins"}',
        traceback: 'Traceback …',
      }),
    });
    const members = [
      [['a', null], null],
      [['b', null], null],
    ];
    await backend.saveGroup('ts-group', JSON.stringify({ result: [['ts-group', null], members] }));
    expect(await asPython(PYTHON_READS)).toEqual({
      ok: { sum: 5, list: [1, 2.5, null] },
      state: 'SUCCESS',
      name: 'shop.add',
      args: [2, 3],
      error: "KeyError('k')",
      trace: 'Traceback …',
      group: ['a', 'b'],
      date: true,
    });
    await backend.stop();
  });

  test('what Python stored, TypeScript reads', { timeout: LIMIT_MS }, async () => {
    await asPython(PYTHON_WRITES);
    const backend = await open();
    expect(await backend.get('py-ok')).toMatchObject({
      status: 'SUCCESS',
      result: { sum: 5, big: 2n ** 70n, text: 'ä€😀' },
    });
    expect(await backend.get('py-failed')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ValueError', exc_message: ['no', 3], exc_module: 'builtins' },
      traceback: 'Traceback …',
    });
    expect(await backend.get('py-progress')).toMatchObject({ status: 'PROGRESS', result: { current: 1 } });
    const members = [
      [['a', null], null],
      [['h', null], [[['b', null], null]]],
    ];
    expect(await backend.readGroup('py-group')).toEqual([['py-group', null], members]);
    await backend.stop();
  });

  if (name === 'files') return;

  test('tables that Python created serve both', { timeout: LIMIT_MS }, async () => {
    const tables = { task: 'py_tasks', group: 'py_groups' };
    // What the others call so are whole databases.
    const schemas = name === 'PostgreSQL' ? { task: 'own', group: 'own' } : null;
    const conf = {
      result_extended: true,
      database_table_names: tables,
      ...(schemas && { database_table_schemas: schemas }),
    };
    await python(
      { broker: 'memory://', backend: store.pythonUrl(), conf },
      `import sqlalchemy
if ${schemas ? 'True' : 'False'}:
    # Not by the backend: Celery 5.6 creates its tables as soon as it has one.
    with sqlalchemy.create_engine(app.conf.result_backend.removeprefix('db+')).begin() as connection:
        connection.execute(sqlalchemy.text('CREATE SCHEMA own'))
app.backend.store_result('x', 1, 'STARTED')
True`,
      60_000,
    );
    const backend = openBackend(store.url(), {
      logger: silentLogger,
      isExtended: true,
      database: { tableNames: tables, tableSchemas: schemas },
    });
    await backend.start();
    await backend.store({
      taskId: 'x',
      text: composeResult({ taskId: 'x', status: 'SUCCESS', resultText: '2' }),
    });
    await backend.store({
      taskId: 'y',
      text: composeResult({ taskId: 'y', status: 'SUCCESS', resultText: '3' }),
    });
    expect(await backend.get('x')).toMatchObject({ status: 'SUCCESS', result: 2 });
    await backend.stop();
    const read = await python(
      { broker: 'memory://', backend: store.pythonUrl(), conf },
      "[app.AsyncResult('x').result, app.AsyncResult('y').result]",
      60_000,
    );
    expect(read).toEqual([2, 3]);
  });
});
