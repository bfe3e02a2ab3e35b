import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endSharedRabbitmq, RUN_DIR } from './shared-rabbitmq.ts';

/** A folder for what the files of one test run share; what was started there ends with the run. */
export default function setup(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'umbel-tests-'));
  process.env[RUN_DIR] = dir;
  return () => {
    endSharedRabbitmq(dir);
    rmSync(dir, { recursive: true, force: true });
  };
}
