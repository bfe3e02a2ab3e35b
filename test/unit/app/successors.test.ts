import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Celery } from '../../../lib/index.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { declareTasks, sig } from './declared-tasks.ts';

let bench: MiniBench;
let app: Celery;
let tasks: ReturnType<typeof declareTasks>;

beforeAll(async () => {
  bench = await MiniBench.start({ queues: ['celery', 'other'] });
  app = bench.app;
  tasks = declareTasks(app);
});

afterAll(() => bench.stop());

const runsOf = (id: string) => bench.worker.runs.filter(({ request }) => request.id === id);

describe('what follows a task', () => {
  it('a link gets the value, and a chain goes on to its end', async () => {
    const link = sig('tasks.add', [10], { task_id: 'linked' });
    const chain = [sig('tasks.add', [3], { task_id: 'last' }), sig('tasks.add', [2], { task_id: 'second' })];
    const first = await tasks.add.applyAsync([1, 1], { link, chain });
    expect(await app.AsyncResult('last').get({ timeout: 10 })).toBe(7);
    expect(await app.AsyncResult('linked').get({ timeout: 10 })).toBe(12);
    expect(runsOf('last')[0]?.request).toMatchObject({ rootId: first.id, parentId: 'second' });
  });

  it('an immutable signature gets nothing', async () => {
    await tasks.add.applyAsync([1, 1], {
      link: sig('tasks.add', [4, 4], { task_id: 'immutable' }, { immutable: true }),
    });
    expect(await app.AsyncResult('immutable').get({ timeout: 10 })).toBe(8);
  });

  it('a failure reaches the rest of the chain and the errbacks', async () => {
    const told = app.task('tasks.told', (failedId: string) => `told of ${failedId}`);
    expect(told.name).toBe('tasks.told');
    await tasks.fail.applyAsync(['broken'], {
      taskId: 'broken',
      chain: [sig('tasks.add', [1], { task_id: 'never' })],
      linkError: sig('tasks.told', [], { task_id: 'errback' }),
    });
    await expect(app.AsyncResult('never').get({ timeout: 10 })).rejects.toMatchObject({ message: 'broken' });
    expect(await app.AsyncResult('errback').get({ timeout: 10 })).toBe('told of broken');
    expect(runsOf('never')).toEqual([]);
  });

  it('a group in a chain is sent member by member', async () => {
    const group = sig(
      'celery.group',
      [],
      { task_id: 'the-group' },
      {
        kwargs: {
          tasks: [sig('tasks.add', [1], { task_id: 'g0' }), sig('tasks.add', [2], { task_id: 'g1' })],
        },
      },
    );
    await tasks.add.applyAsync([1, 1], { chain: [group] });
    expect(await app.AsyncResult('g0').get({ timeout: 10 })).toBe(3);
    expect(await app.AsyncResult('g1').get({ timeout: 10 })).toBe(4);
    expect(runsOf('g1')[0]?.request).toMatchObject({ group: 'the-group', groupIndex: 1 });
  });

  it('a chord in a chain calls its body once, with the values in order', async () => {
    const header = sig(
      'celery.group',
      [],
      { task_id: 'the-chord' },
      {
        kwargs: { tasks: [sig('tasks.add', [1]), sig('tasks.add', [2]), sig('tasks.add', [3])] },
      },
    );
    const chord = sig(
      'celery.chord',
      [],
      {},
      {
        kwargs: { kwargs: {}, header, body: sig('tasks.sum', [], { task_id: 'chord-body' }) },
      },
    );
    await tasks.add.applyAsync([1, 1], { chain: [chord] });
    expect(await app.AsyncResult('chord-body').get({ timeout: 10 })).toBe(12);
    expect(runsOf('chord-body')).toHaveLength(1);
    expect(runsOf('chord-body')[0]?.request.argsrepr).toBe('([3, 4, 5],)');
  });

  it('a chord whose header fails gives its body a ChordError', async () => {
    const header = [
      sig('tasks.add', [1]),
      sig('tasks.fail', ['in the header'], { task_id: 'bad-member' }, { immutable: true }),
    ];
    const chord = sig(
      'celery.chord',
      [],
      {},
      {
        kwargs: { kwargs: {}, header, body: sig('tasks.sum', [], { task_id: 'failed-body' }) },
      },
    );
    await tasks.add.applyAsync([1, 1], { chain: [chord] });
    await expect(app.AsyncResult('failed-body').get({ timeout: 10 })).rejects.toMatchObject({
      name: 'ChordError',
      message: "Dependency bad-member raised QuotaError('in the header')",
    });
  });
});
