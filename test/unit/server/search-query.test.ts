import { describe, expect, it } from 'vitest';
import { parseSearch } from '../../../server/collector/history/search-query.ts';

describe("Flower's search language", () => {
  it.each([
    ['state:FAILURE', 'state = ?', ['FAILURE']],
    ['name:add', "name LIKE ? ESCAPE '\\'", ['%add%']],
    ['"a b" ', null, ['%a b%']],
    ['state:A OR state:B state:C', '(state = ? OR (state = ? AND state = ?))', ['A', 'B', 'C']],
    ['(state:A OR state:B) AND state:C', '((state = ? OR state = ?) AND state = ?)', ['A', 'B', 'C']],
    ['args:"say \\"hi\\""', "args LIKE ? ESCAPE '\\'", ['%say "hi"%']],
    ['kwargs:a=b', null, ["%'a': b%", "%'a': 'b'%"]],
    ['result:50%_', "result LIKE ? ESCAPE '\\'", ['%50\\%\\_%']],
  ])('reads %s', (search, sql, values) => {
    const condition = parseSearch(search);
    if (sql !== null) expect(condition?.sql).toBe(sql);
    expect(condition?.values.slice(0, values.length)).toEqual(values);
  });

  it('finds nothing to say about an empty search', () => {
    expect(parseSearch('   ')).toBeNull();
  });

  it.each([
    ['state:', 'Search qualifier requires a value at position 0.'],
    ['a (b', 'Unclosed parenthesis at position 1.'],
    ['a)', 'Unexpected closing parenthesis at position 1.'],
    ['a OR', 'Expected a search term at position 4.'],
    ['"open', 'Search has an unclosed quote at position 0.'],
    ['((((((a))))))', /nested too deeply/],
    ['x '.repeat(200), /128 terms/],
    ['x'.repeat(3000), /2048 characters/],
  ])('refuses %s', (search, message) => {
    expect(() => parseSearch(search)).toThrow(message);
  });
});
