'use client';

import { type UseMutationResult, useMutation } from '@tanstack/react-query';
import type { MessageAnswer, RetryAnswer, RetryBody } from '../../lib/contract/api.ts';
import { postJson } from './http.ts';

/** What to revoke, and whether to end it when it runs already. */
export interface RevokeRequest {
  readonly uuid: string;
  readonly isTerminate: boolean;
}

/** Revokes a task, or terminates it. */
export function useRevoke(): UseMutationResult<MessageAnswer, Error, RevokeRequest> {
  return useMutation({
    mutationFn: ({ uuid, isTerminate }: RevokeRequest) =>
      postJson<MessageAnswer>(
        `/api/task/revoke/${encodeURIComponent(uuid)}${isTerminate ? '?terminate=true' : ''}`,
      ),
  });
}

/** Which task to send again; without a body with the arguments the server knows. */
export interface RetryRequest {
  readonly uuid: string;
  readonly body: RetryBody;
}

/** Sends a task again under a new id. */
export function useRetryTask(): UseMutationResult<RetryAnswer, Error, RetryRequest> {
  return useMutation({
    mutationFn: ({ uuid, body }: RetryRequest) =>
      postJson<RetryAnswer>(`/api/v1/tasks/${encodeURIComponent(uuid)}/retry`, body),
  });
}
