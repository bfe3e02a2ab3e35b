import { describe, expect, test } from 'vitest';
import { refusedError } from '../../../lib/amqp/failures.ts';

/** What amqplib throws when the broker refuses. */
const refusal = (code: number, words: string): Error =>
  Object.assign(new Error(`Operation failed: QueueDeclare; ${code} (X) with message "${words}"`), { code });

describe('refusals of the broker', () => {
  test.each([
    [404, "NOT_FOUND - no queue 'q'", 'not_found'],
    [403, 'ACCESS_REFUSED - no', 'forbidden'],
    [405, 'RESOURCE_LOCKED - no', 'conflict'],
    [540, 'NOT_IMPLEMENTED - no', 'unsupported'],
  ])('%i is one line, in its words', (code, words, expected) => {
    expect(refusedError(refusal(code, words), 'declare q', 'amqp://h//')).toMatchObject({
      code: expected,
      message: `amqp://h// refused to declare q: ${words}.`,
    });
  });

  test('what can be done about it is said', () => {
    const other = refusal(406, "PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue 'q'");
    expect(refusedError(other, 'declare q', 'amqp://h//').message).toMatch(
      /for queue 'q'\. Say in task_queues what it has, or delete it\.$/,
    );
  });

  test('a text of several lines becomes one', () => {
    const words =
      'INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\nIts use is not permitted:\n  x';
    expect(refusedError(new Error(`541 (X) with message "${words}"`), 'listen', 'amqp://h//').message).toBe(
      'Cannot listen at amqp://h//: INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated. Its use is not permitted: x. Leave control_queue_exclusive and event_queue_exclusive true, or make them durable.',
    );
  });
});
