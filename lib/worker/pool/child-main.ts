import { type MessagePort, parentPort } from 'node:worker_threads';
import { crash } from '../../util/crash.ts';
import { ChildLoop, type ParentChannel } from './child-loop.ts';
import { isToChild } from './ipc.ts';

/*
 * The entry of a pool child: of a process, started with a channel, or of a thread, with its port.
 * In a process: Ctrl-C reaches the whole group of the terminal; the worker decides what it means, so it is ignored here.
 * SIGTERM keeps its default and kills, even a child that computes. When the worker is gone so is the child.
 */

const toProcess: ParentChannel = {
  send: (message) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  },
  memoryBytes: () => process.memoryUsage.rss(),
  ownsOutput: true,
};

function toPort(port: MessagePort): ParentChannel {
  return {
    send: (message) => port.postMessage(message),
    // A thread has a heap of its own; the rest of the process is everybody's.
    memoryBytes: () => {
      const { heapTotal, external } = process.memoryUsage();
      return heapTotal + external;
    },
    ownsOutput: false,
  };
}

const loop = new ChildLoop(parentPort === null ? toProcess : toPort(parentPort));
const onMessage = (message: unknown): void => {
  if (isToChild(message)) loop.obey(message);
};
process.on('unhandledRejection', (reason) => loop.onUnhandledRejection(reason));
if (parentPort === null) {
  process.on('uncaughtException', crash);
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', onMessage);
} else {
  parentPort.on('message', onMessage);
}
