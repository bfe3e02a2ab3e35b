/** What stands in place of a secret, as in Celery's own replies. */
export const MASK = '********';

/** Names of settings that Celery hides (celery/app/utils.py `HIDDEN_SETTINGS`). */
const HIDDEN_SETTING = /API|TOKEN|(?<!ROUTING_)KEY|SECRET|PASS|PROFANITIES_LIST|SIGNATURE|DATABASE/i;

/** Ends of words, because `sslpassword` is one too. */
const SECRET_WORD =
  /(?:passwords?|passwd|passphrase|pwd|secrets?|credentials?|authorization|apikey|signature)$/;
/** Only as the last word: `tokens` and `token_count` are amounts, and much begins with `pass`. */
const SECRET_END = /(?:token|^pass)$/;
const SECRET_KEYS = new Set([
  'api',
  'access',
  'private',
  'secret',
  'signing',
  'encryption',
  'auth',
  'account',
  'security',
]);

/** Whether a setting of this name is hidden. */
export function isHiddenSetting(name: string): boolean {
  return HIDDEN_SETTING.test(name) || isSecretName(name);
}

/** Whether what has this name is a secret: `redis_password`, `apiKey`, `access-token`; not `bypass` or `token_count`. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);
  return words.some((word, index) => {
    if (word === 'key') return SECRET_KEYS.has(words[index - 1] ?? '');
    return SECRET_WORD.test(word) || (index === words.length - 1 && SECRET_END.test(word));
  });
}
