import type { Client } from '../client.ts';
import { compileGlob } from '../glob.ts';
import type { Args } from '../resp/args.ts';
import { type Command, command, container, type Services } from './command.ts';

type Kind = 'subscribe' | 'psubscribe' | 'unsubscribe' | 'punsubscribe';

/** Each confirmation is a message of its own and tells how many subscriptions are left. */
function confirm(client: Client, kind: Kind, name: string | null): void {
  const { reply } = client;
  reply.push(3);
  reply.text(kind);
  if (name === null) reply.nil();
  else reply.text(name);
  reply.integer(client.subscriptions);
}

function change(kind: Kind) {
  return (client: Client, args: Args, { pubsub }: Services): void => {
    for (let i = 1; i < args.length; i += 1) {
      const name = args.str(i);
      if (kind === 'subscribe') pubsub.subscribe(client, name);
      else if (kind === 'psubscribe') pubsub.subscribePattern(client, name);
      else if (kind === 'unsubscribe') pubsub.unsubscribe(client, name);
      else pubsub.unsubscribePattern(client, name);
      confirm(client, kind, name);
    }
    if (args.length === 1) leaveAll(client, kind, pubsub);
  };
}

function leaveAll(client: Client, kind: Kind, pubsub: Services['pubsub']): void {
  const names = [...(kind === 'unsubscribe' ? client.channels : client.patterns)];
  if (names.length === 0) confirm(client, kind, null);
  for (const name of names) {
    if (kind === 'unsubscribe') pubsub.unsubscribe(client, name);
    else pubsub.unsubscribePattern(client, name);
    confirm(client, kind, name);
  }
}

function channels(client: Client, args: Args, { pubsub }: Services): void {
  const matches = compileGlob(args.length > 2 ? args.str(2) : '*');
  client.reply.texts([...pubsub.channelNames()].filter(matches));
}

function subscriberCounts(client: Client, args: Args, { pubsub }: Services): void {
  client.reply.array((args.length - 2) * 2);
  for (let i = 2; i < args.length; i += 1) {
    client.reply.text(args.str(i));
    client.reply.integer(pubsub.subscriberCount(args.str(i)));
  }
}

const OPEN = { isPubSub: true };

export const PUBSUB_COMMANDS: readonly Command[] = [
  command('subscribe', -2, change('subscribe'), OPEN),
  command('psubscribe', -2, change('psubscribe'), OPEN),
  command('unsubscribe', -1, change('unsubscribe'), OPEN),
  command('punsubscribe', -1, change('punsubscribe'), OPEN),
  command('publish', 3, (client, args, { pubsub }) =>
    client.reply.integer(pubsub.publish(args.str(1), args.bytes(2))),
  ),
  container('pubsub', [
    command('pubsub|channels', -2, channels),
    command('pubsub|numsub', -2, subscriberCounts),
    command('pubsub|numpat', 2, (client, _args, { pubsub }) => client.reply.integer(pubsub.patternCount)),
  ]),
];
