import { PickleBytes } from './bytes.ts';
import { PickledCall, PickledDict, PickledName } from './nodes.ts';
import { refused } from './refused.ts';

type Step = (machine: PickleMachine) => void;

/**
 * Python's pickle machine (Lib/pickle.py `_Unpickler`, protocols 0 to 5) for data alone: a stack, marks and a memo. What
 * would import, call or fill an object in Python makes a note (nodes.ts) here. Persistent ids, extension codes and
 * out-of-band buffers are refused. Work and memory grow with the length of the bytes, whatever they say.
 */
export class PickleMachine {
  readonly bytes: PickleBytes;
  readonly memo = new Map<number, unknown>();
  stack: unknown[] = [];
  readonly #marked: unknown[][] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = new PickleBytes(bytes);
  }

  /** The object that the pickle holds. Throws `UmbelError('bad_message')`. */
  run(): unknown {
    for (;;) {
      const code = this.bytes.uint(1);
      if (code === STOP) return this.pop();
      const step = STEPS.get(code);
      if (!step) throw refused(`it has the instruction ${JSON.stringify(String.fromCharCode(code))}`);
      step(this);
    }
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw refused('its stack is empty');
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0) throw refused('its stack is empty');
    return this.stack.at(-1);
  }

  mark(): void {
    this.#marked.push(this.stack);
    this.stack = [];
  }

  /** What lies above the last mark. */
  popMark(): unknown[] {
    const above = this.stack;
    const below = this.#marked.pop();
    if (!below) throw refused('a mark is missing');
    this.stack = below;
    return above;
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw refused('it recalls what it never stored');
    this.push(this.memo.get(index));
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw refused('it appends to what is no list');
    for (const item of items) list.push(item);
  }

  /** Keys and values by turns, into the dict on top. */
  setItems(items: readonly unknown[]): void {
    let target = this.top();
    if (target instanceof PickledCall) {
      // An OrderedDict is made by a call and then filled as a dict.
      target.state ??= new PickledDict();
      target = target.state;
    }
    if (!(target instanceof PickledDict) || items.length % 2 !== 0) throw refused('it sets items of no dict');
    for (let at = 0; at < items.length; at += 2) target.entries.push([items[at], items[at + 1]]);
  }

  dictOf(items: readonly unknown[]): void {
    this.push(new PickledDict());
    this.setItems(items);
  }

  call(callee: unknown, args: unknown): void {
    if (!(callee instanceof PickledName) || !Array.isArray(args)) throw refused('it calls what has no name');
    this.push(new PickledCall(callee.name, args));
  }

  build(): void {
    const state = this.pop();
    const target = this.top();
    if (!(target instanceof PickledCall)) throw refused('it changes what is no object');
    target.state = state;
  }

  stackName(): void {
    const name = this.pop();
    const module = this.pop();
    if (typeof module !== 'string' || typeof name !== 'string') throw refused('a class has no name');
    this.push(new PickledName(`${module}.${name}`));
  }
}

const STOP = code('.');

function code(character: string): number {
  return character.charCodeAt(0);
}

/** The instructions by their byte, in the groups of Lib/pickletools.py. */
const STEPS: ReadonlyMap<number, Step> = new Map<number, Step>([
  // numbers and constants
  [code('N'), (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [code('I'), (m) => m.push(m.bytes.textInt())],
  [code('J'), (m) => m.push(m.bytes.int32())],
  [code('K'), (m) => m.push(m.bytes.uint(1))],
  [code('M'), (m) => m.push(m.bytes.uint(2))],
  [code('L'), (m) => m.push(m.bytes.textLong())],
  [0x8a, (m) => m.push(m.bytes.long(m.bytes.uint(1)))],
  [0x8b, (m) => m.push(m.bytes.long(m.bytes.uint(4)))],
  [code('F'), (m) => m.push(m.bytes.textFloat())],
  [code('G'), (m) => m.push(m.bytes.double())],
  // texts and bytes; those of Python 2 are texts to whoever wrote them
  [code('S'), (m) => m.push(m.bytes.quoted())],
  [code('T'), (m) => m.push(m.bytes.utf8(m.bytes.uint(4)))],
  [code('U'), (m) => m.push(m.bytes.utf8(m.bytes.uint(1)))],
  [code('V'), (m) => m.push(m.bytes.rawUnicode())],
  [code('X'), (m) => m.push(m.bytes.utf8(m.bytes.uint(4)))],
  [0x8c, (m) => m.push(m.bytes.utf8(m.bytes.uint(1)))],
  [0x8d, (m) => m.push(m.bytes.utf8(m.bytes.length64()))],
  [code('B'), (m) => m.push(m.bytes.take(m.bytes.uint(4)))],
  [code('C'), (m) => m.push(m.bytes.take(m.bytes.uint(1)))],
  [0x8e, (m) => m.push(m.bytes.take(m.bytes.length64()))],
  [0x96, (m) => m.push(m.bytes.take(m.bytes.length64()))],
  // lists, tuples and sets, which are all arrays here
  [code(']'), (m) => m.push([])],
  [code(')'), (m) => m.push([])],
  [0x8f, (m) => m.push([])],
  [code('l'), (m) => m.push(m.popMark())],
  [code('t'), (m) => m.push(m.popMark())],
  [0x91, (m) => m.push(m.popMark())],
  [0x85, (m) => m.push([m.pop()])],
  [0x86, (m) => m.push([m.pop(), m.pop()].reverse())],
  [0x87, (m) => m.push([m.pop(), m.pop(), m.pop()].reverse())],
  [code('a'), (m) => m.append([m.pop()])],
  [code('e'), (m) => m.append(m.popMark())],
  [0x90, (m) => m.append(m.popMark())],
  // dicts
  [code('}'), (m) => m.push(new PickledDict())],
  [code('d'), (m) => m.dictOf(m.popMark())],
  [code('s'), (m) => m.setItems([m.pop(), m.pop()].reverse())],
  [code('u'), (m) => m.setItems(m.popMark())],
  // the stack and the memo
  [code('('), (m) => m.mark()],
  [code('0'), (m) => void m.pop()],
  [code('1'), (m) => void m.popMark()],
  [code('2'), (m) => m.push(m.top())],
  [code('p'), (m) => m.remember(m.bytes.index())],
  [code('q'), (m) => m.remember(m.bytes.uint(1))],
  [code('r'), (m) => m.remember(m.bytes.uint(4))],
  [0x94, (m) => m.remember(m.memo.size)],
  [code('g'), (m) => m.recall(m.bytes.index())],
  [code('h'), (m) => m.recall(m.bytes.uint(1))],
  [code('j'), (m) => m.recall(m.bytes.uint(4))],
  // names and calls, noted and never followed
  [code('c'), (m) => m.push(new PickledName(`${m.bytes.line()}.${m.bytes.line()}`))],
  [0x93, (m) => m.stackName()],
  [
    code('R'),
    (m) => {
      const args = m.pop();
      m.call(m.pop(), args);
    },
  ],
  [
    0x81,
    (m) => {
      const args = m.pop();
      m.call(m.pop(), args);
    },
  ],
  [code('b'), (m) => m.build()],
  // framing
  [0x80, (m) => checkProtocol(m.bytes.uint(1))],
  [0x95, (m) => void m.bytes.length64()],
]);

function checkProtocol(protocol: number): void {
  if (protocol > 5) throw refused(`it is of protocol ${protocol}, and 5 is the newest known`);
}
