import { expect, it } from 'vitest';
import { parseQuery, queryText, without } from '../../../components/tasks/query-text.ts';

it('reads fields and free words in any order', () => {
  expect(parseQuery('timeout state:failure queue:q1 order 12')).toEqual({
    state: 'FAILURE',
    queue: 'q1',
    text: 'timeout order 12',
  });
});

it('keeps what is no field as text, and ignores a field without a value', () => {
  expect(parseQuery('http://x name: worker:w@h')).toEqual({ text: 'http://x name:', worker: 'w@h' });
});

it('reads back what it writes', () => {
  const filter = { state: 'RETRY', name: 'a b', worker: 'w@h', text: 'boom now' };
  expect(queryText(filter)).toBe('state:RETRY name:"a b" worker:w@h boom now');
  expect(parseQuery(queryText(filter))).toEqual(filter);
});

it('drops one part', () => {
  expect(without({ state: 'RETRY', text: 'x' }, 'state')).toEqual({ text: 'x' });
});
