const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };
const SPACE = /\s/;
const HEX_PAIR = /^[0-9a-fA-F]{2}$/;

/** Splits a line typed by hand into words, quotes respected (sds.c, sdssplitargs); undefined when quotes do not close. */
export function splitInline(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && SPACE.test(line.charAt(at))) at += 1;
    if (at >= line.length) return words;
    const word = readWord(line, at);
    if (word === undefined) return undefined;
    words.push(word.text);
    at = word.end;
  }
}

interface Word {
  text: string;
  end: number;
}

function readWord(line: string, start: number): Word | undefined {
  let text = '';
  let at = start;
  while (at < line.length && !SPACE.test(line.charAt(at))) {
    const char = line.charAt(at);
    if (char !== '"' && char !== "'") {
      text += char;
      at += 1;
      continue;
    }
    const quoted = char === '"' ? readDouble(line, at + 1) : readSingle(line, at + 1);
    if (quoted === undefined) return undefined;
    if (quoted.end < line.length && !SPACE.test(line.charAt(quoted.end))) return undefined;
    text += quoted.text;
    at = quoted.end;
  }
  return { text, end: at };
}

function readDouble(line: string, start: number): Word | undefined {
  let text = '';
  for (let at = start; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === '"') return { text, end: at + 1 };
    if (char !== '\\' || at + 1 >= line.length) {
      text += char;
      continue;
    }
    const hex = line.slice(at + 2, at + 4);
    if (line.charAt(at + 1) === 'x' && HEX_PAIR.test(hex)) {
      text += String.fromCharCode(Number.parseInt(hex, 16));
      at += 3;
    } else {
      at += 1;
      text += ESCAPES[line.charAt(at)] ?? line.charAt(at);
    }
  }
  return undefined;
}

function readSingle(line: string, start: number): Word | undefined {
  let text = '';
  for (let at = start; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === "'") return { text, end: at + 1 };
    if (char === '\\' && line.charAt(at + 1) === "'") at += 1;
    text += line.charAt(at);
  }
  return undefined;
}
