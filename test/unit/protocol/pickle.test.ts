import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { decodePickle } from '../../../lib/protocol/pickle/read.ts';
import { encodeGroupPickle, encodePickle } from '../../../lib/protocol/pickle/write.ts';
import { PYTHON } from '../../kit/python.ts';

/** Each expression as Python pickles it, for each protocol. */
function pickled(expressions: readonly string[]): Buffer[][] {
  const source = `
import pickle, datetime, decimal, uuid, collections, json, os
utc = datetime.timezone.utc
class Own: pass
print(json.dumps([[pickle.dumps(v, p).hex() for p in range(6)] for v in [${expressions.join(', ')}]]))`;
  const rows: string[][] = JSON.parse(execFileSync(PYTHON, ['-c', source]).toString());
  return rows.map((row) => row.map((hex) => Buffer.from(hex, 'hex')));
}

const VALUES: readonly (readonly [string, unknown])[] = [
  ['None', null],
  [
    '[True, False, 0, -1, 255, 256, 65536, -2147483648, 2**53 - 1]',
    [true, false, 0, -1, 255, 256, 65536, -2147483648, 2 ** 53 - 1],
  ],
  ['[2**53, -2**70, 2**600]', [2n ** 53n, -(2n ** 70n), 2n ** 600n]],
  ['[1.5, -0.25, 1e300, float("inf")]', [1.5, -0.25, 1e300, Number.POSITIVE_INFINITY]],
  ['["", "ä€😀", "a\\nb\\\\u0041", "x" * 300]', ['', 'ä€😀', 'a\nb\\u0041', 'x'.repeat(300)]],
  ['[b"", b"\\x00\\xff", bytearray(b"ab")]', [[], [0, 255], [97, 98]].map((bytes) => Uint8Array.from(bytes))],
  ['[(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
  ['[{1}, frozenset([2])]', [[1], [2]]],
  ['{"a": {"b": [1]}, 3: None}', { a: { b: [1] }, '3': null }],
  ['collections.OrderedDict([("b", 1), ("a", 2)])', { b: 1, a: 2 }],
  ['[datetime.datetime(2026, 1, 31, 10, 0, 0, 250000)]', [new Date('2026-01-31T10:00:00.250Z')]],
  ['[datetime.datetime(2026, 1, 31, 10, tzinfo=utc)]', [new Date('2026-01-31T10:00:00Z')]],
  [
    '[datetime.datetime(2026, 1, 31, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))]',
    [new Date('2026-01-31T08:00:00Z')],
  ],
  ['[datetime.date(2026, 1, 31), datetime.time(1, 2, 3)]', [new Date('2026-01-31T00:00:00Z'), '01:02:03']],
  ['[decimal.Decimal("1.50")]', ['1.50']],
  ['[uuid.UUID("12345678123456781234567812345678")]', ['12345678-1234-5678-1234-567812345678']],
  ['(lambda v: [v, v])({"same": 1})', [{ same: 1 }, { same: 1 }]],
];

describe('pickles of Python', () => {
  test('are read in every protocol', () => {
    const all = pickled(VALUES.map(([expression]) => expression));
    for (const [index, [expression, value]] of VALUES.entries()) {
      for (const [protocol, bytes] of (all[index] ?? []).entries()) {
        // Protocols 0 and 1 write a UUID as an object that is filled later, which nobody does any more.
        if (expression.includes('uuid') && protocol < 2) continue;
        expect(decodePickle(bytes), `${expression} in protocol ${protocol}`).toEqual(value);
      }
    }
  });

  test('that hold more than data are refused, and nothing runs', () => {
    const hostile = [
      ...pickled(['os.system', 'print', 'complex(1, 2)', 'slice(1)']).flat(),
      Buffer.from("cos\nsystem\n(S'touch /tmp/umbel-pickle'\ntR."),
      Buffer.from("(S'touch /tmp/umbel-pickle'\nios\nsystem\n."),
      Buffer.from('Pid\n.'),
      Buffer.from([0x80, 2, 0x82, 1, 0x2e]),
      Buffer.from([0x80, 5, 0x97, 0x2e]),
      Buffer.from([0x80, 9, 0x4e, 0x2e]),
      Buffer.from('c__builtin__\neval\n.'),
      Buffer.from('cconstructor\nconstructor\n)R.'),
    ];
    for (const bytes of hostile) expect(() => decodePickle(bytes)).toThrow(/pickle body cannot be read/);
  });

  test('that are broken, endless, or unfold to too much are refused', () => {
    const bomb = Buffer.concat([
      Buffer.from([0x80, 4]),
      Buffer.from('](Ue'.replace('U', 'N')),
      Buffer.from('q\0'),
      ...Array.from({ length: 40 }, (_, n) => Buffer.from([0x68, n, 0x68, n, 0x86, 0x71, n + 1])),
      Buffer.from('.'),
    ]);
    const cycle = Buffer.from([0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e]);
    const deep = Buffer.from(`${'('.repeat(5000)}${'l'.repeat(5000)}.`);
    const long = Buffer.from([0x8e, 255, 255, 255, 255, 255, 255, 255, 127, 0x2e]);
    for (const bytes of [bomb, cycle, deep, long, Buffer.from(''), Buffer.from('N'), Buffer.from('0.')]) {
      expect(() => decodePickle(bytes)).toThrow(/pickle body cannot be read/);
    }
  });

  test('damaged anywhere give a value or a refusal', () => {
    const source = encodePickle({ a: [1, 2.5, 'text', new Date(0), null, true, 2n ** 80n], b: { c: 'ä' } });
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed;
    };
    for (let run = 0; run < 20_000; run += 1) {
      const bytes = Buffer.from(source);
      for (let n = 0; n <= run % 4; n += 1) bytes[random() % bytes.length] = random() % 256;
      try {
        decodePickle(bytes.subarray(0, run % 3 === 0 ? random() % bytes.length : bytes.length));
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_message' });
      }
    }
  });

  test('that we write are what Python and we read back', () => {
    const value = {
      numbers: [0, 255, 256, 70_000, -1, 2 ** 40, -(2 ** 40), 1.5],
      big: 2n ** 80n,
      negative: -(2n ** 80n),
      text: 'ä€😀'.repeat(100),
      nothing: null,
      flags: [true, false],
      nested: { list: [[], {}] },
    };
    const bytes = encodePickle(value);
    expect(decodePickle(bytes)).toEqual(value);
    const source = `import pickle, json; print(json.dumps(pickle.loads(bytes.fromhex("${bytes.toString('hex')}"))))`;
    const read = execFileSync(PYTHON, ['-c', source]).toString();
    expect(read.trim()).toContain('1208925819614629174706176');
    expect(JSON.parse(read)).toMatchObject({
      numbers: value.numbers,
      text: value.text,
      nested: value.nested,
    });
    const date = encodePickle([new Date('2026-01-31T10:00:00.250Z'), new Uint8Array([0, 255])]).toString(
      'hex',
    );
    const shown = execFileSync(PYTHON, [
      '-c',
      `import pickle; print(pickle.loads(bytes.fromhex("${date}")))`,
    ]);
    expect(shown.toString()).toMatch(
      /datetime\(2026, 1, 31, 10, 0, 0, 250000, tzinfo=datetime.timezone.utc\), b'\\x00\\xff'/,
    );
  });

  test('of groups are the tuples that other backends store', () => {
    const tuple = [
      ['g', null],
      [
        [['a', null], null],
        [['h', null], [[['b', null], null]]],
      ],
    ];
    expect(decodePickle(encodeGroupPickle(tuple))).toEqual(tuple);
    // As an app of Python writes its own class.
    const source = `import pickle; from celery import Celery; app = Celery(backend='db+sqlite:///none.db'); r = app.AsyncResult
print(pickle.dumps(app.GroupResult('g', [r('a'), app.GroupResult('h', [r('b')])])).hex())`;
    const written = execFileSync(PYTHON, ['-c', source]).toString().trim();
    expect(decodePickle(Buffer.from(written, 'hex'))).toEqual(tuple);
  });
});
