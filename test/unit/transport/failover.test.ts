import { expect, it } from 'vitest';
import { transportOptionsOf } from '../../../lib/app/connection-options.ts';
import { Celery, type CeleryConfig } from '../../../lib/index.ts';
import { openTransport } from '../../../lib/transport/open.ts';
import { silentLogger } from '../../../lib/util/logger.ts';

const TRIES = 100;

/** Which server each of many apps tries first. */
function firsts(scheme: string, settings: CeleryConfig): string[] {
  const broker = ['one', 'two', 'three'].map((host) => `${scheme}://${host}/0`);
  const { conf } = new Celery('list', { broker, ...settings });
  return Array.from({ length: TRIES }, () => {
    const transport = openTransport(conf.broker_url, { logger: silentLogger, ...transportOptionsOf(conf) });
    return /(one|two|three)/.exec(transport.displayUrl)?.[0] ?? '';
  });
}

it.each(['redis', 'amqp'])('brokers of a %s list are tried as listed, or in an order of chance', (scheme) => {
  expect(new Set(firsts(scheme, {}))).toEqual(new Set(['one']));
  expect(new Set(firsts(scheme, { broker_failover_strategy: 'round-robin' }))).toEqual(new Set(['one']));
  // By chance one of them is never first once in 10^17 runs.
  expect(new Set(firsts(scheme, { broker_failover_strategy: 'shuffle' }))).toEqual(
    new Set(['one', 'two', 'three']),
  );
});
