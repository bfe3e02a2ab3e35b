import { describe, expect, it } from 'vitest';
import type { Rooms } from '../../../lib/contract/live.ts';
import { keyOf, parseRequest } from '../../../server/live/request.ts';
import type { Room } from '../../../server/live/room.ts';
import { RoomHost } from '../../../server/live/room-host.ts';
import { SlowSockets, type Viewer } from '../../../server/live/slow-sockets.ts';

describe('a room', () => {
  function counter(everyMs = 100): { room: Room<'queues'>; finish: () => void; changes: { count: number } } {
    const changes = { count: 0 };
    let finish = () => {};
    const room: Room<'queues'> = {
      everyMs,
      snapshot: () =>
        new Promise<Rooms['queues']['snapshot']>((resolve) => {
          finish = () => resolve([]);
        }),
      delta: () => {
        if (changes.count === 0) return undefined;
        changes.count = 0;
        return [];
      },
    };
    return { room, finish: () => finish(), changes };
  }

  it('sends nothing when nothing changed, and not more often than it may', async () => {
    const { room, changes } = counter();
    const host = new RoomHost('queues', room);
    expect(await host.take(1000)).toBeNull();
    changes.count = 1;
    expect((await host.take(1001))?.seq).toBe(1);
    changes.count = 1;
    expect(await host.take(1050)).toBeNull();
    expect((await host.take(1101))?.seq).toBe(2);
  });

  it('leaves no gap between a snapshot and the deltas after it', async () => {
    const { room, finish, changes } = counter();
    const host = new RoomHost('queues', room);
    const [one, two] = [host.snapshot(), host.snapshot()];
    changes.count = 1;
    expect(await host.take(1000)).toBeNull();
    finish();
    expect([(await one).seq, (await two).seq]).toEqual([0, 0]);
    expect((await host.take(1000))?.seq).toBe(1);
  });
});

describe('viewers that do not keep up', () => {
  function viewer(): Viewer & { conn: { transport: { writable: boolean } }; log: string[] } {
    const log: string[] = [];
    return {
      id: 'v',
      conn: { transport: { writable: true } },
      log,
      join: (room) => log.push(`join ${room.trim()}`),
      leave: (room) => log.push(`leave ${room.trim()}`),
      disconnect: () => log.push('cut'),
    };
  }

  it('are skipped while they are stuck, and cut when they stay so', () => {
    const slow = new SlowSockets(10);
    const one = viewer();
    slow.check([one]);
    one.conn.transport.writable = false;
    for (let round = 0; round < 4; round += 1) slow.check([one]);
    one.conn.transport.writable = true;
    slow.check([one]);
    expect(one.log).toEqual(['join slow', 'leave slow']);
    one.conn.transport.writable = false;
    for (let round = 0; round < 11; round += 1) slow.check([one]);
    expect(one.log.slice(2)).toEqual(['join slow', 'cut']);
  });
});

describe('a request for a room', () => {
  it('has one key for one meaning', () => {
    const key = (value: unknown) => {
      const request = parseRequest(value);
      return request && keyOf(request);
    };
    expect(key({ room: 'tasks', filter: { worker: 'w', state: 'A' } })).toBe('tasks:state=A&worker=w');
    expect(key({ room: 'tasks', filter: { state: 'A', worker: ' w', nonsense: 'x', text: '' } })).toBe(
      'tasks:state=A&worker=w',
    );
    expect(key({ room: 'overview', range: '7d' })).toBe('overview:7d');
    expect(key({ room: 'worker', name: 'w@h' })).toBe('worker:w@h');
    expect(key('status')).toBeNull();
  });
});
