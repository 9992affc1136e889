import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Event, LiveEventSchema, LiveRequestSchema } from '@innkeeper/contract/control';
import { fromSocketMessage } from './errors.ts';
import { SocketStream } from './socket-stream.ts';
import type { OpenSocket } from './stream-socket.ts';

/** Events per message of the topic: the newest ones at each change, at most once a second. */
const newest = 200;

export interface FollowEventsOptions {
  /** Id or name; default: of all VMs. */
  readonly vm?: string | undefined;
  /** Only events after this one; default: events from now on. */
  readonly afterId?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lists events, newest first, at most 1,000. */
export type ListNewest = (limit: number) => Promise<readonly Event[]>;

/**
 * Yields events of VMs, oldest first, each exactly once, across restarts of the daemon. Of more than 1,000 events in
 * one second, the oldest are dropped. Rejects with OperationError: VM_NOT_FOUND, DAEMON_UNREACHABLE, or CANCELED after
 * an abort.
 */
export async function* followEvents(
  open: OpenSocket,
  list: ListNewest,
  options: FollowEventsOptions = {},
): AsyncGenerator<Event> {
  const request = create(LiveRequestSchema, {
    id: 1,
    request: { case: 'events', value: { vm: options.vm ?? '', limit: newest } },
  });
  const stream = new SocketStream<readonly Event[]>({
    open,
    path: () => '/v1/live',
    signal: options.signal,
    greeting: () => [toBinary(LiveRequestSchema, request)],
    onBytes: (data) => {
      const { event } = fromBinary(LiveEventSchema, data);
      if (event.case === 'error') throw fromSocketMessage(event.value);
      return event.case === 'events' ? event.value.events : undefined;
    },
    onText: () => undefined,
  });
  let last = options.afterId;
  for await (const update of stream.events(() => undefined)) {
    if ('type' in update) continue;
    let events: readonly Event[] = update;
    const oldest = events.at(-1)?.id ?? 0n;
    if (last !== undefined && events.length === newest && oldest > last) events = await list(1000);
    const seen = last;
    last = events[0]?.id ?? last ?? 0n;
    if (seen === undefined) continue;
    yield* events.filter(({ id }) => id > seen).reverse();
  }
}
