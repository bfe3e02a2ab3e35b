/** JSON for browsers: integers too large for a double become text, so that no digit is lost unseen. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
}
