import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Celery, chain, group } from '../../../lib/index.ts';
import { MiniBench } from '../../kit/mini-bench.ts';

/* Stamps on their way: request, retry, replace. (What stamping writes: test/wire/stamps.test.ts.) */

let bench: MiniBench;
let app: Celery;

const wait = { timeout: 5 };

beforeAll(async () => {
  bench = await MiniBench.start();
  app = bench.app;
});

afterAll(() => bench.stop());

function tasks() {
  const seen = app.task('t.seen', { bind: true }, (self, _value: unknown = null) => {
    const { stampedHeaders, stamps, retries } = self.request;
    return { stampedHeaders, stamps, retries };
  });
  return {
    seen,
    again: app.task('t.again', { bind: true }, (self) => {
      const { retries, stamps } = self.request;
      if (retries === 0) throw self.retry({ countdown: 0 });
      return stamps;
    }),
    handOver: app.task('t.hand_over', { bind: true }, (self) =>
      self.replace(chain(seen.s(), seen.s().stamp({ tenant: 'own' }))),
    ),
    twice: app.task('t.twice', { bind: true }, (self) => self.replace(app.signature<object>('t.hand_over'))),
    spread: app.task('t.spread', { bind: true }, (self) => self.replace(group(seen.s(), seen.s()))),
  };
}

it('are in the request, and only there when there are any', async () => {
  const { seen } = tasks();
  const stamped = await seen.s().stamp({ tenant: 'acme', run: 7 }).delay();
  expect(await stamped.get(wait)).toEqual({
    stampedHeaders: ['tenant', 'run'],
    stamps: { tenant: 'acme', run: 7 },
    retries: 0,
  });
  expect(await (await seen.delay()).get(wait)).toEqual({ stampedHeaders: null, stamps: {}, retries: 0 });
});

it('reach every step, and what is linked', async () => {
  const { seen } = tasks();
  const linked = seen.s().set({ taskId: 'linked-and-stamped' });
  const canvas = chain(seen.s(), group(seen.s().link(linked), seen.s()));
  const result = await canvas.stamp({ tenant: 'acme' }).delay();
  const both = await result.get(wait);
  const first = await result.parent?.get(wait);
  const called = await app.AsyncResult('linked-and-stamped').get(wait);
  for (const value of [...both, first, called]) expect(value).toMatchObject({ stamps: { tenant: 'acme' } });
});

it('survive a retry', async () => {
  const { again } = tasks();
  expect(await (await again.s().stamp({ tenant: 'acme' }).delay()).get(wait)).toEqual({ tenant: 'acme' });
});

it('are inherited by what replaces the task, also twice, and never overwrite', async () => {
  const { twice, spread } = tasks();
  const result = await twice.s().stamp({ tenant: 'acme', run: 7 }).delay();
  expect(await result.get(wait)).toMatchObject({ stamps: { tenant: 'own', run: 7 } });
  const many = await (await spread.s().stamp({ tenant: 'acme' }).delay()).get(wait);
  expect(many).toMatchObject([{ stamps: { tenant: 'acme' } }, { stamps: { tenant: 'acme' } }]);
});
