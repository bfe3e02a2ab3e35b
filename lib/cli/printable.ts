/** Control characters, with those that begin terminal commands: events come from anyone who can reach the broker. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** A text of somebody else's on one line, with nothing in it that a terminal obeys. */
export function printable(text: string): string {
  return text.replace(CONTROL, ' ');
}
