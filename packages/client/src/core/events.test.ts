import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { type Event, EventSchema, LiveEventSchema } from '@innkeeper/contract/control';
import { FakeSockets } from '../testing/fake-sockets.ts';
import { followEvents } from './events.ts';

/** Events `from` to `to`, newest first, as the daemon sends them. */
function newest(from: number, to: number): Event[] {
  const ids = Array.from({ length: to - from + 1 }, (_, index) => BigInt(to - index));
  return ids.map((id) => create(EventSchema, { id, kind: 'vm.started' }));
}

function send(sockets: FakeSockets, events: Event[]): void {
  const message = create(LiveEventSchema, { id: 1, event: { case: 'events', value: { events } } });
  sockets.last.events.bytes(toBinary(LiveEventSchema, message));
}

async function take(events: AsyncIterator<Event>, count: number): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (let index = 0; index < count; index++) ids.push((await events.next()).value.id);
  return ids;
}

describe('followEvents()', () => {
  it('followEvents yields each event once, oldest first', async () => {
    const sockets = new FakeSockets();
    const events = followEvents(sockets.open, () => Promise.reject(new Error('not needed')), { afterId: 3n });
    const first = take(events, 2);
    sockets.last.events.opened();
    send(sockets, newest(1, 4));
    send(sockets, newest(2, 4));
    send(sockets, newest(2, 5));
    assert.deepEqual(await first, [4n, 5n]);
  });

  it('followEvents lists the events in between when there were more than one message of the topic holds', async () => {
    const sockets = new FakeSockets();
    const events = followEvents(sockets.open, async () => newest(1, 305), { afterId: 3n });
    const all = take(events, 302);
    sockets.last.events.opened();
    send(sockets, newest(101, 300));
    const ids = await all;
    assert.deepEqual([ids[0], ids.at(-1)], [4n, 305n]);
  });
});
