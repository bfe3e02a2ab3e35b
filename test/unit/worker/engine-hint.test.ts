import { describe, expect, it } from 'vitest';
import { engineHint } from '../../../lib/worker/engine-hint.ts';

describe('engineHint', () => {
  it('says what to start only where the embedded engine would be', () => {
    expect(engineHint(new Error('connect ECONNREFUSED 127.0.0.1:5556'))).toContain('start it with `umbel`');
    expect(engineHint(new Error('connect ECONNREFUSED 127.0.0.1:6379'))).toBe('');
    expect(engineHint(new Error('The operation timed out.'))).toBe('');
  });
});
