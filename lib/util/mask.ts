const MASK = '********';

/**
 * Shows a URL without its password: `redis://:********@host:6379/0`. Also inside a longer text or a `;` list. A password
 * ends at the last `@`, so that one whose `/`, `?`, `#` or `@` was not encoded stays hidden too.
 */
export function maskUrl(text: string): string {
  // From `://` on: looking for a scheme at each letter would take time with the square of the text.
  return text.replace(/:\/\/((?:(?!:\/\/)[^\s"'])*)@/g, (_whole, userinfo: string) => {
    const colon = userinfo.indexOf(':');
    return colon < 0 ? `://${userinfo}@` : `://${userinfo.slice(0, colon)}:${MASK}@`;
  });
}

const SECRET_KEY = /API|TOKEN|(?<!ROUTING_)KEY|SECRET|PASS|SIGNATURE|DATABASE/i;

/** A copy in which values under secret-looking keys are masked (celery/app/utils.py `HIDDEN_SETTINGS`), URLs too. */
export function maskSecrets(value: unknown, key = ''): unknown {
  if (value !== null && value !== undefined && key && SECRET_KEY.test(key)) return MASK;
  if (typeof value === 'string') return maskUrl(value);
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskSecrets(item, name)]));
  }
  return value;
}
