import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';

/* docs/celery.md against a real Celery: every name of it must stand there. */

/** Names that Celery 5.6.3 has and Debian's 5.2.6 has not. */
const NEWER = `
  --disable-prefetch --list --optimization --skip-checks CELERY_CUSTOM_WORKER_POOL
  CELERY_SKIP_CHECKS CELERY_WORKER_REVOKES_MAX CELERY_WORKER_REVOKE_EXPIRES
  CELERY_WORKER_SUCCESSFUL_EXPIRES CELERY_WORKER_SUCCESSFUL_MAX SKIP_CHECKS
  beat_cron_starting_deadline broker_channel_error_retry broker_connection_retry_on_startup
  broker_native_delayed_delivery_queue_type brotli cassandra_bundle_path confluentkafka
  control_queue_durable control_queue_exclusive custom database_create_tables_at_setup django
  event_queue_durable event_queue_exclusive gcpubsub gcs_base_path gcs_bucket gcs_project gcs_ttl gs
  kafka on_replace revoke_by_stamped_headers security_key_password stamp stamp_links stamped_headers
  stamps task_allow_error_cb_on_chord_header task_create_missing_queue_exchange_type
  task_create_missing_queue_type task_default_queue_type type_checker worker_before_create_process
  worker_detect_quorum_queues worker_disable_prefetch worker_enable_prefetch_count_reduction
  worker_enable_soft_shutdown_on_idle worker_eta_task_limit worker_soft_shutdown_timeout zstandard
  zstd
`
  .trim()
  .split(/\s+/);

const page = readFileSync(join(ROOT, 'docs/celery.md'), 'utf8');
const words = new Set([...page.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.split(/[\s(]+/)));
const families = [...words].filter((word) => word.endsWith('_*')).map((word) => word.slice(0, -1));
const features: Record<string, string[]> = JSON.parse(
  execFileSync(PYTHON, [join(ROOT, 'test/interop/celery_features.py')], {
    env: { ...process.env, PYTHONWARNINGS: 'ignore' },
  }).toString(),
);

const unnamed = (names: readonly string[]): string[] =>
  names.filter((name) => !words.has(name) && !families.some((family) => name.startsWith(family)));

it.each(Object.entries(features))('names all %s', (_kind, names) => {
  expect(names.length).toBeGreaterThan(5);
  expect(unnamed(names)).toEqual([]);
});

it('names what newer versions have', () => {
  expect(unnamed(NEWER)).toEqual([]);
});
