import { describe, expect, it } from 'vitest';
import { type CeleryConfig, defaultConfig } from '../../../lib/app/config.ts';
import { directQueue, Queues } from '../../../lib/app/queues.ts';

function queues(settings: CeleryConfig) {
  const conf = { ...defaultConfig({}) };
  for (const [key, value] of Object.entries(settings)) Reflect.set(conf, key, value);
  return new Queues(conf);
}

describe('queues of the settings', () => {
  it('have the fields of kombu, and RabbitMQ gets its arguments in its units', () => {
    const [queue] = queues({
      task_queues: [
        {
          name: 'mail',
          exchange: 'post',
          exchange_type: 'topic',
          routing_key: 'mail.#',
          durable: false,
          exclusive: true,
          auto_delete: true,
          expires: 60,
          message_ttl: 1.5,
          max_length: 100,
          max_length_bytes: 5000,
          max_priority: 10,
          queue_arguments: { 'x-queue-mode': 'lazy' },
          consumer_arguments: { 'x-priority': 3 },
          binding_arguments: { a: 1 },
          bindings: [{ exchange: 'news', routingKey: 'all' }],
        },
      ],
    }).list;
    expect(queue).toEqual({
      name: 'mail',
      exchange: 'post',
      exchangeType: 'topic',
      routingKey: 'mail.#',
      durable: false,
      exclusive: true,
      autoDelete: true,
      arguments: {
        'x-queue-mode': 'lazy',
        'x-expires': 60_000,
        'x-message-ttl': 1500,
        'x-max-length': 100,
        'x-max-length-bytes': 5000,
        'x-max-priority': 10,
      },
      consumerArguments: { 'x-priority': 3 },
      bindingArguments: { a: 1 },
      bindings: [{ exchange: 'news', routingKey: 'all' }],
    });
  });

  it('refuse fields that there are not, and values that are no numbers', () => {
    const mail = (fields: object) => () => queues({ task_queues: [{ name: 'mail', ...fields }] });
    expect(mail({ max_prority: 5 })).toThrow(
      /"mail" in task_queues has the field "max_prority"\. Did you mean "max_priority"/,
    );
    expect(mail({ message_ttl: '5' })).toThrow(/message_ttl of the queue "mail" must be a number, not "5"/);
  });

  it('have the type that task_default_queue_type and task_create_missing_queue_type say', () => {
    const quorum = { 'x-queue-type': 'quorum' };
    const made = queues({ task_default_queue_type: 'quorum', task_queue_max_priority: 4 });
    expect(made.list).toMatchObject([{ name: 'celery', arguments: { ...quorum, 'x-max-priority': 4 } }]);
    expect(made.get('other').arguments).toEqual({ 'x-max-priority': 4 });
    expect(queues({ task_create_missing_queue_type: 'quorum' }).get('other').arguments).toEqual(quorum);
    expect(queues({ task_default_queue_type: 'quorum', task_queues: ['mail'] }).list).toMatchObject([
      { name: 'mail' },
    ]);
    expect(
      queues({ task_default_queue_type: 'quorum', task_queues: ['mail'] }).list[0]?.arguments,
    ).toBeUndefined();
  });

  it('that nobody declared have the exchange type of task_create_missing_queue_exchange_type', () => {
    expect(queues({}).get('other').exchangeType ?? 'direct').toBe('direct');
    const topic = queues({ task_create_missing_queue_exchange_type: 'topic', task_queues: ['mail'] });
    expect(topic.get('other')).toMatchObject({ name: 'other', exchangeType: 'topic' });
    expect(topic.get('mail').exchangeType ?? 'direct').toBe('direct');
  });

  it('of one worker alone stay, as Python declares them', () => {
    expect(directQueue('w1@host')).toEqual({
      name: 'w1@host.dq2',
      exchange: 'C.dq2',
      exchangeType: 'direct',
      routingKey: 'w1@host',
    });
  });
});
