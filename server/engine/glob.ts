/** Redis' glob patterns (util.c, stringmatchlen): `*`, `?`, `[a-z]`, `[^x]`, backslash quotes. */
export type Matcher = (text: string) => boolean;

type Piece = { kind: 'many' } | { kind: 'one'; matches: (char: string) => boolean };

/** Compiles a pattern. Matching takes time proportional to text times pattern at worst. */
export function compileGlob(pattern: string): Matcher {
  if (pattern === '*') return () => true;
  if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern;
  const pieces = parseGlob(pattern);
  return (text) => matches(pieces, text);
}

function matches(pieces: readonly Piece[], text: string): boolean {
  let at = 0;
  let piece = 0;
  let starPiece = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = pieces[piece];
    if (current?.kind === 'many') {
      starPiece = piece;
      starAt = at;
      piece += 1;
    } else if (current?.matches(text.charAt(at)) === true) {
      at += 1;
      piece += 1;
    } else {
      if (starPiece < 0) return false;
      starAt += 1;
      at = starAt;
      piece = starPiece + 1;
    }
  }
  while (pieces[piece]?.kind === 'many') piece += 1;
  return piece === pieces.length;
}

function parseGlob(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < pattern.length) {
    const char = pattern.charAt(at);
    if (char === '[') {
      const parsed = parseClass(pattern, at + 1);
      pieces.push({ kind: 'one', matches: parsed.matches });
      at = parsed.end;
      continue;
    }
    if (char === '*') {
      if (pieces.at(-1)?.kind !== 'many') pieces.push({ kind: 'many' });
    } else if (char === '?') pieces.push({ kind: 'one', matches: () => true });
    else {
      if (char === '\\' && at + 1 < pattern.length) at += 1;
      const wanted = pattern.charAt(at);
      pieces.push({ kind: 'one', matches: (found) => found === wanted });
    }
    at += 1;
  }
  return pieces;
}

function parseClass(pattern: string, start: number): { matches: (char: string) => boolean; end: number } {
  let at = start;
  const isNegated = pattern.charAt(at) === '^';
  if (isNegated) at += 1;
  const ranges: [from: string, to: string][] = [];
  while (at < pattern.length && pattern.charAt(at) !== ']') {
    if (pattern.charAt(at) === '\\' && at + 1 < pattern.length) {
      ranges.push([pattern.charAt(at + 1), pattern.charAt(at + 1)]);
      at += 2;
    } else if (pattern.charAt(at + 1) === '-' && at + 2 < pattern.length) {
      const [a, b] = [pattern.charAt(at), pattern.charAt(at + 2)];
      ranges.push(a <= b ? [a, b] : [b, a]);
      at += 3;
    } else {
      ranges.push([pattern.charAt(at), pattern.charAt(at)]);
      at += 1;
    }
  }
  return {
    matches: (char) => ranges.some(([from, to]) => char >= from && char <= to) !== isNegated,
    end: at + 1,
  };
}
