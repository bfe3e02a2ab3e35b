import type { Command } from 'commander';

/** A subcommand: its line in the help, and where the rest of it is. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the module of the command; only the one that is asked for is ever loaded. */
  readonly load: () => Promise<(program: Command) => void>;
}

/** Every subcommand in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'worker',
    summary: 'run tasks: take them from queues and run them in a pool',
    load: async () => (await import('./worker.ts')).registerWorker,
  },
  {
    name: 'flower',
    summary: 'the dashboard (the default command)',
    load: async () => (await import('./flower.ts')).registerFlower,
  },
  {
    name: 'dev',
    summary: 'dashboard, engine and a worker that restarts when a file changes',
    load: async () => (await import('./dev.ts')).registerDev,
  },
  {
    name: 'call',
    summary: 'send a task by name and print its id',
    load: async () => (await import('./call.ts')).registerCall,
  },
  {
    name: 'result',
    summary: 'wait for a task and print its result',
    load: async () => (await import('./result.ts')).registerResult,
  },
  {
    name: 'status',
    summary: 'which workers are online',
    load: async () => (await import('./status.ts')).registerStatus,
  },
  {
    name: 'inspect',
    summary: 'ask the workers: active, stats, registered …',
    load: async () => (await import('./inspect.ts')).registerInspect,
  },
  {
    name: 'control',
    summary: 'change running workers: concurrency, add_consumer, revoke …',
    load: async () => (await import('./control.ts')).registerControl,
  },
  {
    name: 'queues',
    summary: 'each queue: how much waits, who consumes it',
    load: async () => (await import('./queues.ts')).registerQueues,
  },
  {
    name: 'list',
    summary: 'bindings of the broker',
    load: async () => (await import('./list.ts')).registerList,
  },
  {
    name: 'purge',
    summary: 'delete the waiting messages of queues',
    load: async () => (await import('./purge.ts')).registerPurge,
  },
  {
    name: 'events',
    summary: 'a live screen of workers and tasks, or --dump every event',
    load: async () => (await import('./events.ts')).registerEvents,
  },
  {
    name: 'report',
    summary: 'versions, platform and settings for a bug report',
    load: async () => (await import('./report.ts')).registerReport,
  },
  {
    name: 'run',
    summary: 'run a TypeScript or JavaScript file, such as a client',
    load: async () => (await import('./run.ts')).registerRun,
  },
  {
    name: 'shell',
    summary: 'type JavaScript with the app and its tasks in scope',
    load: async () => (await import('./shell.ts')).registerShell,
  },
  {
    name: 'completion',
    summary: 'let the shell complete commands, options and tasks',
    load: async () => (await import('./completion.ts')).registerCompletion,
  },
];

/** Commands of Celery that are not here, and what does their work. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  amqp: 'Queues are declared by the workers; see them with: umbel queues.',
  beat: "Periodic tasks are not there yet: run Python's `celery beat`, or cron with `umbel call`. Both work with these workers.",
  graph: 'The dashboard draws the tasks of a canvas; the workers are in: umbel status.',
  logtool:
    "The log lines are Celery's: Python's `celery logtool` reads them, and the dashboard keeps the history.",
  migrate:
    "To move waiting tasks to another broker, use Python's `celery migrate`: the messages are the same.",
  multi:
    'Start each worker as a service of systemd, or in the background: umbel -A tasks worker -D -n w1@%h --pidfile=%n.pid',
  upgrade: 'Old setting names are refused with the new ones named; there is nothing to convert.',
};
