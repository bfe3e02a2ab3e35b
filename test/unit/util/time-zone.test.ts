import { expect, it } from 'vitest';
import { etaText, expiryOf } from '../../../lib/app/apply-options.ts';
import { parseIso } from '../../../lib/protocol/json-types.ts';
import { isTimeZone } from '../../../lib/util/time-zone.ts';

it.each([
  ['2026-01-15T12:00:00', 'Europe/Berlin', '2026-01-15T11:00:00.000Z'],
  ['2026-07-15T12:00:00', 'Europe/Berlin', '2026-07-15T10:00:00.000Z'],
  ['2026-07-15T12:00:00', 'America/New_York', '2026-07-15T16:00:00.000Z'],
  ['2026-03-29T01:30:00', 'Europe/Berlin', '2026-03-29T00:30:00.000Z'],
  ['2026-03-29T03:30:00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['2026-07-15T12:00:00+05:30', 'Europe/Berlin', '2026-07-15T06:30:00.000Z'],
  ['2026-07-15T12:00:00Z', 'Asia/Tokyo', '2026-07-15T12:00:00.000Z'],
  ['2026-07-15T12:00:00.250000', 'UTC', '2026-07-15T12:00:00.250Z'],
  ['2026-07-15T00:00:00', 'Asia/Kathmandu', '2026-07-14T18:15:00.000Z'],
])('%s in %s is %s', (text, zone, expected) => {
  expect(new Date(parseIso(text, zone) * 1000).toISOString()).toBe(expected);
});

it('times of calls without offset are of the zone', () => {
  expect(etaText({ eta: '2026-07-15T12:00:00' }, 'Europe/Berlin')).toBe('2026-07-15T10:00:00.000000+00:00');
  expect(etaText({ eta: '2026-07-15T12:00:00' })).toBe('2026-07-15T12:00:00.000000+00:00');
  expect(expiryOf('2026-07-15T12:00:00', 'Asia/Tokyo')?.text).toBe('2026-07-15T03:00:00.000000+00:00');
  expect([isTimeZone('Europe/Berlin'), isTimeZone('Mars/Olympus')]).toEqual([true, false]);
});
