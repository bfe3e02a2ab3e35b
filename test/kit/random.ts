/** Numbers that can be had again: the same seed gives the same sequence. */
export interface Random {
  readonly seed: number;
  /** From 0 (included) to 1. */
  next(): number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
}

/**
 * Randomness of a test that injects faults. The seed is printed; `UMBEL_SEED=<seed>` plays the same faults again (the
 * timing of the processes around them stays their own). Without it the seed is `usual`, or another each time.
 */
export function seededRandom(usual = Math.floor(Math.random() * 2 ** 32)): Random {
  const seed = Number(process.env['UMBEL_SEED'] ?? usual) >>> 0;
  process.stdout.write(`UMBEL_SEED=${seed}\n`);
  return randomOf(seed);
}

/** The same, of a seed that needs no printing. */
export function randomOf(seed: number): Random {
  let state = seed;
  const next = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next, below: (below) => Math.floor(next() * below) };
}
