import { defineConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/* `npm run test:long`: the fault tests at their full counts, one file after another, so that each has the machine. */

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/long/**/*.test.ts'],
    exclude: ['node_modules/**'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
});
