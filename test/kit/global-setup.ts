import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endSharedRabbitmq, RUN_DIR } from './shared-rabbitmq.ts';

let dir = '';

/** A folder for what the files of one test run share. */
export function setup(): void {
  dir = mkdtempSync(join(tmpdir(), 'umbel-tests-'));
  process.env[RUN_DIR] = dir;
}

/** What was started there ends with the run. */
export function teardown(): void {
  endSharedRabbitmq(dir);
  rmSync(dir, { recursive: true, force: true });
}
