import { z } from 'zod';
import { Histogram } from '../../../lib/monitor/histogram.ts';
import type { Bucket } from '../../../lib/monitor/throughput.ts';
import type { StoredBucket } from './history.ts';

const pairs = z.array(z.tuple([z.number(), z.number()]));
const dataSchema = z.object({
  s: z.number(),
  r: z.number(),
  f: z.number(),
  w: pairs,
  u: pairs,
  q: z.number().nullable(),
  b: z.number().nullable(),
  t: z.number().nullable(),
});

export function encodeBucket(step: number, bucket: Bucket): StoredBucket {
  const data = {
    s: bucket.success,
    r: bucket.retry,
    f: bucket.failure,
    w: bucket.wait.toPairs(),
    u: bucket.run.toPairs(),
    q: bucket.waiting,
    b: bucket.slotsBusy,
    t: bucket.slotsTotal,
  };
  return { step, at: bucket.at, data: JSON.stringify(data) };
}

/** Null for a row that is none of ours. */
export function decodeBucket({ at, data }: StoredBucket): Bucket | null {
  try {
    const { s, r, f, w, u, q, b, t } = dataSchema.parse(JSON.parse(data));
    return {
      at,
      success: s,
      retry: r,
      failure: f,
      wait: Histogram.fromPairs(w),
      run: Histogram.fromPairs(u),
      waiting: q,
      slotsBusy: b,
      slotsTotal: t,
    };
  } catch {
    // One lost step of a chart is no reason not to start.
    return null;
  }
}
