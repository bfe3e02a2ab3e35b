import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskRecord } from '../../lib/monitor/task-record.ts';
import { HistoryStore } from '../../server/collector/history/store.ts';
import { decodeTask, encodeTask } from '../../server/collector/history/stored-task.ts';
import { taskEvent } from '../unit/monitor/events.ts';

let folder = '';
let store: HistoryStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-history-'));
  store = new HistoryStore(join(folder, 'history.db'));
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function task(uuid: string, at: number, fields: Readonly<Record<string, unknown>> = {}): TaskRecord {
  const record = new TaskRecord(uuid);
  record.apply('received', taskEvent('received', at, { uuid, ...fields }));
  return record;
}

function succeed(record: TaskRecord, at: number, result = "'done'"): TaskRecord {
  record.apply('started', taskEvent('started', at, { uuid: record.uuid }));
  record.apply('succeeded', taskEvent('succeeded', at + 1, { uuid: record.uuid, result, runtime: 1 }));
  return record;
}

function uuids(rows: readonly unknown[]): string[] {
  return rows.flatMap((row) => decodeTask(row)?.uuid ?? []);
}

const NEWEST = { before: null, limit: 10 };

describe('the history', () => {
  it('gives a task back as it was, also after it was closed and opened', () => {
    const record = succeed(task('a', 1), 2);
    record.apply('sent', taskEvent('sent', 0, { uuid: 'a' }));
    record.apply(
      'progress',
      taskEvent('progress', 2.5, { uuid: 'a', meta: { current: 1, total: 3, step: 'x' } }),
    );
    store.write([encodeTask(record)]);
    store.close();
    store = new HistoryStore(join(folder, 'history.db'));
    const back = decodeTask(store.get('a'));
    expect(back?.facts).toEqual(record.facts);
    expect(back?.toRow()).toEqual(record.toRow());
  });

  it('keeps what is known of a task when only its later events are written again', () => {
    const first = task('a', 1);
    first.apply('sent', taskEvent('sent', 0, { uuid: 'a' }));
    store.write([encodeTask(first)]);
    const later = new TaskRecord('a');
    later.apply('succeeded', taskEvent('succeeded', 3, { uuid: 'a', result: '3', runtime: 1 }));
    store.write([encodeTask(later)]);
    const late = new TaskRecord('a');
    late.apply('started', taskEvent('started', 2, { uuid: 'a' }));
    store.write([encodeTask(late)]);
    expect(decodeTask(store.get('a'))?.toRow()).toMatchObject({
      state: 'SUCCESS',
      name: 'tasks.add',
      queue: 'celery',
      result: '3',
    });
    expect(store.counts({})).toEqual({ SUCCESS: 1 });
  });

  it('pages by key without loss or repeat while tasks come in', () => {
    store.write(Array.from({ length: 95 }, (_, index) => encodeTask(task(`t${index}`, index % 7))));
    const seen: string[] = [];
    let before: string | null = null;
    do {
      const page = store.page({ filter: {}, before, limit: 10 });
      seen.push(...uuids(page.rows));
      before = page.cursor;
      store.write([encodeTask(task(`new${seen.length}`, 1000))]);
    } while (before !== null);
    expect(seen).toHaveLength(95);
    expect(new Set(seen).size).toBe(95);
  });

  it('finds by state, name, worker, queue and text, in any case and with any letters', () => {
    const texts = ['clip-34.mp4', 'CLIP-35.MP4', '100%_\\"quoted"', 'naïve 漢字 text', "it's", 'ab'];
    store.write(texts.map((text, index) => encodeTask(task(`t${index}`, index, { args: `('${text}',)` }))));
    store.write([
      encodeTask(succeed(task('other', 50, { name: 'media.encode' }), 51, "{'file': 'out.webm'}")),
    ]);
    const find = (filter: object) => uuids(store.page({ filter, ...NEWEST }).rows);
    expect(find({ text: 'clip-3' })).toEqual(['t1', 't0']);
    expect(find({ text: 'clip-34.mp4' })).toEqual(['t0']);
    expect(find({ text: '100%_\\"quoted"' })).toEqual(['t2']);
    expect(find({ text: '漢字' })).toEqual(['t3']);
    expect(find({ text: "it's" })).toEqual(['t4']);
    expect(find({ text: 'ab' })).toEqual(['t5']);
    expect(find({ text: 'out.webm' })).toEqual(['other']);
    expect(find({ text: 'webm', state: 'RECEIVED' })).toEqual([]);
    expect(find({ name: 'media.encode', worker: 'w1@host', state: 'SUCCESS' })).toEqual(['other']);
    expect(find({ text: 'nothing has this' })).toEqual([]);
    expect(store.counts({ text: 'clip-3' })).toEqual({ RECEIVED: 2 });
  });

  it('finds what lies far behind the newest rows', () => {
    store.write([encodeTask(task('needle', 0, { args: "('needle in a stack',)" }))]);
    store.write(Array.from({ length: 6000 }, (_, index) => encodeTask(task(`t${index}`, index + 1))));
    expect(uuids(store.page({ filter: { text: 'needle in' }, ...NEWEST }).rows)).toEqual(['needle']);
  });

  it('finds by an outcome that replaced another', () => {
    const record = task('a', 0);
    record.apply('retried', taskEvent('retried', 1, { uuid: 'a', exception: "ValueError('first')" }));
    store.write([encodeTask(record)]);
    record.apply('failed', taskEvent('failed', 2, { uuid: 'a', exception: "KeyError('second')" }));
    store.write([encodeTask(record)]);
    expect(store.counts({ text: 'second' })).toEqual({ FAILURE: 1 });
  });

  it('keeps to its limits, the oldest first, and forgets them in the search too', () => {
    store.write(Array.from({ length: 1500 }, (_, index) => encodeTask(task(`t${index}`, index))));
    while (store.prune({ maxTasks: 200, oldest: 0 }));
    expect(store.counts({})).toEqual({ RECEIVED: 200 });
    expect(store.get('t0')).toBeNull();
    expect(store.get('t1299')).toBeNull();
    expect(store.get('t1300')).not.toBeNull();
    expect(store.counts({ text: 'tasks.add' })).toEqual({ RECEIVED: 200 });
  });

  it('lists children and unfinished tasks', () => {
    store.write([
      encodeTask(succeed(task('parent', 0), 1)),
      encodeTask(task('child', 2, { parent_id: 'parent' })),
      encodeTask(task('self', 3, { parent_id: 'self' })),
    ]);
    expect(store.childrenOf('parent', 10)).toEqual(['child']);
    expect(store.childrenOf('self', 10)).toEqual([]);
    expect(store.unfinished(10)).toEqual(['self', 'child']);
  });

  it('moves an unreadable file aside and says so', () => {
    const path = join(folder, 'broken.db');
    writeFileSync(path, 'this is no database, and long enough to be taken for one '.repeat(100));
    const fresh = new HistoryStore(path);
    expect(fresh.notice).toMatch(/unreadable.*moved to .*broken\.db\.unreadable-\d+, a new one was started/);
    fresh.write([encodeTask(task('a', 0))]);
    expect(fresh.counts({})).toEqual({ RECEIVED: 1 });
    fresh.close();
    expect(readdirSync(folder).some((name) => name.startsWith('broken.db.unreadable-'))).toBe(true);
  });

  it('is not fooled by any text in a filter, a cursor or a search', () => {
    store.write([encodeTask(task('a', 0))]);
    const hostile = [
      "' OR 1=1 --",
      '"',
      '\0',
      '%',
      '_',
      '\\',
      '('.repeat(300),
      '*',
      'a AND b',
      '\u{10FFFF}',
      'NEAR(a b)',
      '^a',
    ];
    for (const text of hostile) {
      for (const filter of [{ text }, { state: text }, { name: text }, { text: `${text}abc` }]) {
        expect(() => store.page({ filter, before: text, limit: 5 })).not.toThrow();
        expect(() => store.counts(filter)).not.toThrow();
      }
    }
    expect(store.counts({})).toEqual({ RECEIVED: 1 });
  });
});
