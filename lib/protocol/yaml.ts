import { createRequire } from 'node:module';
import { toError } from '../contract/errors.ts';
import { fromForeign, toPlain, unusable } from './plain.ts';
import { pythonTags } from './yaml-scalars.ts';
import { writeYaml } from './yaml-writer.ts';

/*
 * YAML as kombu writes and reads it with PyYAML's safe_dump and safe_load (kombu/serialization.py): YAML 1.1, one document,
 * the safe tags only.
 */

type YamlLibrary = typeof import('yaml');

/** Deepest nesting: the library's recursion needs several calls for a level. */
const MAX_YAML_DEPTH = 400;

/** Times that one document may refer to its anchors: beyond that it is made to grow. */
const MAX_ALIASES = 100;

let library: YamlLibrary | null = null;

/** Throws `UmbelError('bad_request')` for what is no plain data. */
export function encodeYaml(value: unknown): string {
  return writeYaml(toPlain(value, 'YAML'));
}

/** Throws `UmbelError('bad_message')`: no YAML, unknown tags, sets, too many aliases, nested deeper than 400. */
export function decodeYaml(text: string): unknown {
  const { parseDocument } = theLibrary();
  checkDepth(text);
  let value: unknown;
  try {
    const document = parseDocument(text, {
      version: '1.1',
      customTags: pythonTags,
      prettyErrors: false,
      logLevel: 'error',
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw unusable('YAML', toError(error).message.split('\n', 1)[0] ?? 'it is no YAML', error);
  }
  return fromForeign(value, 'YAML');
}

/**
 * The library composes by recursion: the depth is taken from its tokens first, without building anything. In block style
 * a level takes a column of indentation, or a `-` or `?` of its own.
 */
function checkDepth(text: string): void {
  const { Lexer } = theLibrary();
  let flow = 0;
  let block = 0;
  let isLineStart = true;
  for (const token of new Lexer().lex(text)) {
    flow += FLOW[token] ?? 0;
    if (flow === 0) block = isLineEnd(token) ? 0 : block + columnsOf(token, isLineStart);
    isLineStart = isLineEnd(token);
    if (flow + block > MAX_YAML_DEPTH) throw unusable('YAML', `it is nested deeper than ${MAX_YAML_DEPTH}`);
  }
}

const FLOW: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };

function isLineEnd(token: string): boolean {
  return token === '\n' || token === '\r\n';
}

function columnsOf(token: string, isLineStart: boolean): number {
  if (token === '-' || token === '?') return 1;
  return isLineStart && /^[ \t]+$/.test(token) ? token.length : 0;
}

/** Loaded with the first message: most programs never send one. */
function theLibrary(): YamlLibrary {
  const loaded: YamlLibrary = library ?? createRequire(import.meta.url)('yaml');
  library = loaded;
  return loaded;
}
