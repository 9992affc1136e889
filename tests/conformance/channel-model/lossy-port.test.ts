import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { zeroRunBytes } from '@innkeeper/wire';
import { runExchange } from './exchange.ts';
import { type ModelGuest, startModelGuest } from './model-guest.ts';
import { acceptedBytes } from './port-model.ts';

const fileBytes = 700_000;

function content(index: number): Uint8Array {
  return Uint8Array.from({ length: fileBytes }, (_, at) => (at * 31 + index * 7) & 0xff);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Starts downloads whose responses are not read; after `meanwhile` all must complete. */
async function downloadAll({ link, host, clock, port }: ModelGuest, count: number, meanwhile: () => void) {
  await clock.run(link.ping());
  port.stallNode();
  const work = Array.from({ length: count }, async (_, index) => {
    const path = `/tmp/file${index}`;
    host.files.put(path, content(index));
    const hash = createHash('sha256');
    for await (const chunk of link.readFile({ path }).chunks) hash.update(chunk);
    return hash.digest('hex');
  });
  const done = Promise.all(work);
  await clock.pass(4000);
  meanwhile();
  assert.deepEqual(
    await clock.run(done),
    work.map((_, index) => sha256(content(index))),
  );
}

describe('a port that loses accepted bytes', { timeout: 60_000 }, () => {
  it('downloads complete after a port lost megabytes of unread bytes', async () => {
    await using guest = startModelGuest();
    const { port } = guest;
    await downloadAll(guest, 12, () => {
      assert.ok(port.pendingToNodeBytes >= acceptedBytes, `${port.pendingToNodeBytes}`);
      assert.ok(port.pendingToNodeBytes <= acceptedBytes + 65_544, `${port.pendingToNodeBytes}`);
      port.breakNow('lost', true);
    });
  });

  it('a new node skips stale replies in the port, also from the middle of a frame', async () => {
    for (const pending of ['kept', 'middle'] as const) {
      await using guest = startModelGuest();
      const { port } = guest;
      await downloadAll(guest, 4, () => {
        assert.ok(port.pendingToNodeBytes > 1_000_000, `${port.pendingToNodeBytes}`);
        port.breakNow(pending, true);
      });
    }
  });

  it('a port whose node is silent for 15 s accepts a new connection, and nothing is missing', async () => {
    await using guest = startModelGuest();
    const { port } = guest;
    await downloadAll(guest, 2, () => port.breakNow('middle', false));
    assert.equal(port.counts.connections, 2);
  });

  it('a session opens on a port with stale bytes of earlier peers in both directions', async () => {
    await using guest = startModelGuest();
    const noise = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 89) & 0xff);
    guest.port.leaveBehind(noise, noise);
    await runExchange(guest);
  });

  it('an exchange completes though every session is cut, as long as each makes progress', async () => {
    // To the agent: the hello with its random bytes, and a call. To the node: the welcome, and the responses to the two
    // concurrent calls, which are sent together. Beyond the second number a session is rarely cut.
    for (const [direction, least, most] of [
      ['to-agent', 340, 560],
      ['to-node', 700, 1000],
    ] as const)
      for (let more = least; more < most; more += 20) {
        const everyBytes = direction === 'to-agent' ? zeroRunBytes + more : more;
        await using guest = startModelGuest({
          direction,
          pending: 'middle',
          nodeNotices: true,
          atByte: everyBytes,
          everyBytes,
        });
        await runExchange(guest);
        assert.ok(guest.port.counts.connections > 2, `${direction} ${more}`);
      }
  });
});
