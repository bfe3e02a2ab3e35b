/*
 * Bodies travel as base64 in the envelopes of kombu. Most are small: those pass through one buffer that is always there,
 * because making one costs more than the rest.
 */

const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** The base64 of a text's UTF-8, or of bytes. */
export function toBase64(content: string | Uint8Array): string {
  if (typeof content !== 'string') return Buffer.from(content).toString('base64');
  if (content.length * 3 > scratch.length) return Buffer.from(content).toString('base64');
  return scratch.toString('base64', 0, scratch.write(content));
}

/** The text whose UTF-8 this is. */
export function textOfBase64(base64: string): string {
  if (base64.length > scratch.length) return Buffer.from(base64, 'base64').toString();
  return scratch.toString(undefined, 0, scratch.write(base64, 'base64'));
}
