/** What a key means; everything else that was typed is text for a prompt. */
export type Key =
  | { readonly kind: 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end' }
  | { readonly kind: 'enter' | 'escape' | 'backspace' | 'interrupt' }
  | { readonly kind: 'text'; readonly text: string };

type PlainKind = Exclude<Key['kind'], 'text'>;

const KINDS: Readonly<Record<string, PlainKind>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\u001b[H': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001b[4~': 'end',
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u0004': 'interrupt',
};

/** The keys in what a terminal in raw mode has sent; several may come at once. */
export function readKeys(data: string): Key[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with ESC
  const parts = data.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]/g) ?? [];
  return parts.flatMap((part): Key[] => {
    const kind = KINDS[part];
    if (kind !== undefined) return [{ kind }];
    return part.startsWith('\u001b') || part < ' ' ? [] : [{ kind: 'text', text: part }];
  });
}
