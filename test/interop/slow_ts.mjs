// Tasks that take their time, for the apps of the TypeScript side.
import { setTimeout as sleep } from 'node:timers/promises';

export function addSlowTasks(app) {
  app.task('ts.sleep', async (seconds) => {
    await sleep(seconds * 1000);
    return 'slept';
  });
  app.task('ts.progress', { bind: true }, async (self, steps) => {
    for (let current = 1; current <= steps; current++) {
      await self.updateState({ state: 'PROGRESS', meta: { current, total: steps } });
      await sleep(200);
    }
    return 'done';
  });
}
