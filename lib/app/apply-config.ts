import { UmbelError } from '../contract/errors.ts';
import { nearestName } from '../util/nearest-name.ts';
import type { CeleryConfig, Config } from './config.ts';
import { checkFormats } from './payload-format.ts';

/** Lays settings over others. Throws `UmbelError('bad_config')` for a name that is no setting. */
export function applyConfig(conf: Config, changes: CeleryConfig): void {
  const { broker, backend, ...settings } = changes;
  if (broker !== undefined) conf.broker_url = broker;
  if (backend !== undefined) conf.result_backend = backend;
  for (const [key, value] of Object.entries(settings)) {
    if (!Object.hasOwn(conf, key)) throw unknownSetting(key, Object.keys(conf));
    if (value !== undefined) Reflect.set(conf, key, value);
  }
  checkConfig(conf);
}

function checkConfig(conf: Config): void {
  checkFormats(conf);
  if (conf.broker_url === '')
    throw new UmbelError('bad_config', 'broker_url is empty. Give a URL, or leave it out.');
}

function unknownSetting(key: string, known: readonly string[]): UmbelError {
  const nearest = nearestName(key, [...known, 'broker', 'backend']);
  return new UmbelError('bad_config', `"${key}" is no setting. Did you mean "${nearest}"?`);
}
