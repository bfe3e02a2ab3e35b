// An app whose settings come from the environment, loaded by the worker and by its processes.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Celery } from 'umbel';

export const app = new Celery('settings', {
  broker: process.env.CELERY_BROKER_URL,
  backend: process.env.CELERY_RESULT_BACKEND,
  ...JSON.parse(process.env.SETTINGS ?? '{}'),
});

app.task('set.print', () => {
  process.stdout.write('first line\nsecond line\n');
  process.stderr.write('from stderr\n');
  return 'printed';
});
app.task('set.long', { resultreprMaxsize: 12 }, () => 'word '.repeat(20));
app.task('set.shadow', { shadowName: (args) => `shadow of ${args[0]}` }, (value) => value);
app.task('set.quiet', { sendEvents: false }, () => 'quiet');
app.task('set.pid', () => process.pid);
app.task('set.sleep', async (ms) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
});
/** Ends its process, and leaves one behind that holds the channel to the worker open; its pid is in the file. */
app.task('set.orphan', (file) => {
  const CHANNEL = 3;
  const { pid } = spawn('sleep', ['30'], { stdio: ['ignore', 'ignore', 'ignore', CHANNEL] });
  writeFileSync(file, String(pid));
  process.exit(7);
});
