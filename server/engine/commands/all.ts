import { BLOCKING_COMMANDS } from './blocking.ts';
import { clientCommands } from './client.ts';
import type { Command } from './command.ts';
import { CONNECTION_COMMANDS } from './connection.ts';
import { hashCommands } from './hashes.ts';
import { keyCommands } from './keys.ts';
import { LIST_COMMANDS } from './lists.ts';
import { PUBSUB_COMMANDS } from './pubsub.ts';
import { SCRIPT_COMMANDS } from './scripts.ts';
import { serverCommands } from './server.ts';
import { setCommands } from './sets.ts';
import { STRING_COMMANDS } from './strings.ts';
import { TRANSACTION_COMMANDS } from './transactions.ts';
import { zsetReadCommands } from './zset-reads.ts';
import { ZSET_WRITE_COMMANDS } from './zset-writes.ts';

/** Every command of one engine. */
export function allCommands(): readonly Command[] {
  const commands: Command[] = [
    ...CONNECTION_COMMANDS,
    ...clientCommands(),
    ...keyCommands(),
    ...STRING_COMMANDS,
    ...LIST_COMMANDS,
    ...BLOCKING_COMMANDS,
    ...hashCommands(),
    ...setCommands(),
    ...zsetReadCommands(),
    ...ZSET_WRITE_COMMANDS,
    ...PUBSUB_COMMANDS,
    ...TRANSACTION_COMMANDS,
    ...SCRIPT_COMMANDS,
    ...serverCommands(() => commands.length),
  ];
  return commands;
}
