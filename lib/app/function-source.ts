/*
 * Source of functions, so far as the names of their parameters need it: no parser, but it knows what is no code.
 */

/** Words after which a slash begins a regular expression, where after other words it divides. */
const BEFORE_EXPRESSION = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NO_CODE = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

/**
 * The same text with comments, quoted texts, the texts of templates and regular expressions blanked out, so that what is
 * left is code. Places stay as they are.
 */
export function codeOf(source: string): string {
  return new Blanker(source).run();
}

class Blanker {
  readonly #source: string;
  readonly #parts: string[] = [];
  /** What closes the braces that are open: a backtick for a `${` in a template. */
  readonly #closers: string[] = [];
  #at = 0;
  /** The last word or sign of the code; a bracket in place of a text. */
  #before = '';

  constructor(source: string) {
    this.#source = source;
  }

  run(): string {
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at] ?? '';
      const end = this.#endOfText(char);
      if (end !== null) this.#blank(end, isComment(this.#source, this.#at) ? this.#before : ')');
      else if (char === '`') this.#template();
      else if (char === '}' && this.#closers.pop() === '`') this.#template();
      else this.#keep(char);
    }
    return this.#parts.join('');
  }

  /** End of the comment, quoted text or regular expression that starts here. */
  #endOfText(char: string): number | null {
    const end = endOf(NO_CODE, this.#source, this.#at);
    if (end !== null || char !== '/' || !startsValue(this.#before)) return end;
    return endOf(REGEXP, this.#source, this.#at);
  }

  /** A backtick, or the brace that ends an expression in a template, and the text up to the next expression or the end. */
  #template(): void {
    const end = endOf(TEMPLATE_TEXT, this.#source, this.#at + 1) ?? this.#source.length;
    const isOver = this.#source[end] !== '$';
    if (!isOver) this.#closers.push('`');
    this.#blank(end + (isOver ? 1 : 2), isOver ? ')' : '(');
  }

  #keep(char: string): void {
    if (char === '{') this.#closers.push('}');
    const end = endOf(WORD, this.#source, this.#at) ?? this.#at + 1;
    const code = this.#source.slice(this.#at, end);
    if (code.trim() !== '') this.#before = code;
    this.#parts.push(code);
    this.#at = end;
  }

  #blank(end: number, before: string): void {
    this.#parts.push(this.#source.slice(this.#at, end).replace(/[^\n]/g, ' '));
    this.#at = end;
    this.#before = before;
  }
}

function isComment(source: string, at: number): boolean {
  return source.startsWith('//', at) || source.startsWith('/*', at);
}

/** Whether what comes after this word or sign is a value, so that a slash there begins a regular expression. */
function startsValue(before: string): boolean {
  return before === '' || BEFORE_EXPRESSION.has(before) || '([{,;=:?!&|^~+-*%<>}'.includes(before);
}

function endOf(pattern: RegExp, source: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : null;
}
