import { describe, expect, it } from 'vitest';
import { publishDeadlineMs } from '../../../lib/transport/publish-deadline.ts';

describe('how long a publish is tried', () => {
  it.each([
    [{}, 4600],
    [{ retry_policy: { max_retries: 0 } }, 4000],
    [{ retry_policy: { max_retries: 2, interval_start: 1, interval_max: 1 } }, 6000],
    [{ retry_policy: { max_retries: null } }, 2 ** 31 - 1],
    [{ retry_policy: { max_retries: 1e9 } }, 2 ** 31 - 1],
  ])('%j', (options, milliseconds) => {
    expect(publishDeadlineMs(options, 4000)).toBeCloseTo(milliseconds);
  });

  it('refuses what is no number', () => {
    expect(() => publishDeadlineMs({ retry_policy: { interval_max: '1s' } }, 4000)).toThrow(
      /retry_policy\.interval_max is "1s"/,
    );
  });
});
