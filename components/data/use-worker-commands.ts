'use client';

import { type UseMutationResult, useMutation } from '@tanstack/react-query';
import type { MessageAnswer } from '../../lib/contract/api.ts';
import { postJson } from './http.ts';

/** One order to a worker. */
export type WorkerCommand =
  | { readonly kind: 'grow' | 'shrink'; readonly count: number }
  | { readonly kind: 'add-consumer' | 'cancel-consumer'; readonly queue: string }
  | { readonly kind: 'shutdown' };

function pathOf(worker: string, command: WorkerCommand): string {
  const name = encodeURIComponent(worker);
  switch (command.kind) {
    case 'grow':
    case 'shrink':
      return `/api/worker/pool/${command.kind}/${name}?n=${command.count}`;
    case 'add-consumer':
    case 'cancel-consumer':
      return `/api/worker/queue/${command.kind}/${name}?queue=${encodeURIComponent(command.queue)}`;
    case 'shutdown':
      return `/api/worker/shutdown/${name}`;
  }
}

/** Sends orders to one worker; what it answered in its own words arrives with its live room. */
export function useWorkerCommand(worker: string): UseMutationResult<MessageAnswer, Error, WorkerCommand> {
  return useMutation({
    mutationFn: (command: WorkerCommand) => postJson<MessageAnswer>(pathOf(worker, command)),
  });
}
