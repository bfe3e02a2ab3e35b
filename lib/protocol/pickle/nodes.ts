/*
 * What the reader builds before it is turned into plain values. A class is only ever a name here, and a call only a
 * note of what Python would call: nothing is looked up or run.
 */

/** A dict: keys of any kind, in order. */
export class PickledDict {
  readonly entries: (readonly [unknown, unknown])[] = [];
}

/** `module.name` of something in Python. */
export class PickledName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Python would call `name(*args)` here, and then give the new object its `state`. */
export class PickledCall {
  readonly name: string;
  readonly args: readonly unknown[];
  state: unknown = null;

  constructor(name: string, args: readonly unknown[]) {
    this.name = name;
    this.args = args;
  }
}
