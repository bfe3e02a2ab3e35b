import { expect, it } from 'vitest';
import { OnDemand } from '../../../lib/util/on-demand.ts';

it('opens once, and again after it failed or was let go', async () => {
  let count = 0;
  const thing = new OnDemand(async () => {
    count += 1;
    if (count === 1) throw new Error('not yet');
    return count;
  });
  await expect(thing.get()).rejects.toThrow('not yet');
  expect(await Promise.all([thing.get(), thing.get()])).toEqual([2, 2]);
  expect(thing.now).toBe(2);
  expect(await thing.release()).toBe(2);
  expect([thing.now, await thing.release()]).toEqual([null, null]);
  expect(await thing.get()).toBe(3);
});

it('what was let go while it opened is not what the next one gets', async () => {
  const openings: ((name: string) => void)[] = [];
  const thing = new OnDemand(() => new Promise<string>((resolve) => void openings.push(resolve)));
  const first = thing.get();
  const released = thing.release();
  const second = thing.get();
  openings[1]?.('second');
  openings[0]?.('first');
  expect(await Promise.all([first, released, second])).toEqual(['first', 'first', 'second']);
  expect(thing.now).toBe('second');
});

it('never opened, it closes all the same', async () => {
  const thing = new OnDemand(() => Promise.reject(new Error('no')));
  const opening = thing.get();
  expect(await thing.release()).toBeNull();
  await expect(opening).rejects.toThrow('no');
});
