'use client';

import { useEffect, useState } from 'react';
import type { RoomName, Rooms } from '../../lib/contract/live.ts';
import { useLiveClient } from './live-provider.tsx';
import type { Refusal, RequestOf } from './room.ts';

/** What a page knows of a room: `data` is undefined until the first snapshot. */
export interface RoomView<R extends RoomName> {
  readonly data: Rooms[R]['snapshot'] | undefined;
  readonly refusal: Refusal | null;
  /** Shown data belongs to the request before this one. */
  readonly isPrevious: boolean;
}

interface Held<R extends RoomName> {
  readonly id: string;
  readonly data: Rooms[R]['snapshot'] | undefined;
  readonly refusal: Refusal | null;
}

/**
 * Watches a room while the component is mounted. With `keepPrevious` the data of the request before stays until the
 * new snapshot is there (a change of range must not blank the page).
 */
export function useRoom<R extends RoomName>(
  request: RequestOf<R> | null,
  options: { readonly keepPrevious?: boolean } = {},
): RoomView<R> {
  const client = useLiveClient();
  const id = request ? JSON.stringify(request) : '';
  const [held, setHeld] = useState<Held<R>>({ id: '', data: undefined, refusal: null });
  useEffect(() => {
    if (!client || !id) return;
    const asked: RequestOf<R> = JSON.parse(id);
    return client.join<R>(asked, {
      onSnapshot: (data) => setHeld({ id, data, refusal: null }),
      onDeltas: (_deltas, data) => setHeld({ id, data, refusal: null }),
      onRefused: (refusal) => setHeld({ id, data: undefined, refusal }),
    });
  }, [client, id]);
  const isPrevious = held.id !== id;
  if (isPrevious && !options.keepPrevious) return { data: undefined, refusal: null, isPrevious: false };
  return { data: held.data, refusal: held.refusal, isPrevious };
}
