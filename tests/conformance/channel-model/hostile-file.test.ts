import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExecRequestLite, FileServiceLite, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import { encodeFrame, openingBytes, portableByteOps as ops, printHeader, zeroRunBytes } from '@innkeeper/wire';
import { createModelMachine, type ModelMachine, startModelGuest } from './model-guest.ts';
import type { Cut, PortModel } from './port-model.ts';

const path = '/tmp/hostile';
const mark = 'touch-the-mark';
/** A nonce that the author of the file may guess. */
const guessed = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);

/** Valid requests to start a command, in both dialects and with both headers. */
function requestFrames(nonce: Uint8Array): Uint8Array {
  const start = { id: 'hostile', argv: ['/usr/bin/echo', mark] };
  const body = liteEncode(ExecRequestLite, { input: { case: 'start', value: start } });
  const call = { id: 77, method: ProcessServiceLite.exec.name, timeoutMs: 0, credit: 65_536, body, halfClose: true };
  const message = liteEncode(AgentMessageLite, {
    messageId: 'hostile',
    payload: { case: 'execute', value: { command: '/usr/bin/echo', args: [mark], waitForExit: true } },
  });
  return Buffer.concat([
    encodeFrame(nonce, { case: 'hello', value: { minVersion: 1, maxVersion: 1 } }, ops),
    encodeFrame(nonce, { case: 'call', value: call }, ops),
    printHeader('plain', message.length),
    message,
    printHeader('magic', message.length),
    message,
    encodeFrame(nonce, { case: 'call', value: call }, ops),
  ]);
}

/** The session's nonce. The author of a file cannot know it, but this file contains it anyway. */
function followNonce(port: PortModel): () => Uint8Array {
  let nonce = guessed;
  port.onNodeWrite = (bytes) => {
    // Header, then the tag and length of `session`.
    if (bytes.length > zeroRunBytes) nonce = bytes.slice(zeroRunBytes + 11, zeroRunBytes + 27);
  };
  return () => nonce;
}

/** Uploads a file, generated for each session, across a cut; asserts that only the upload happens. */
async function uploadHostile(
  machine: ModelMachine,
  content: (nonce: Uint8Array) => Uint8Array,
  cut?: Cut,
): Promise<PortModel['counts']> {
  const { clock, host } = machine;
  if (host.files.exists(path)) host.files.remove(path);
  await using guest = startModelGuest(cut, machine);
  const nonce = followNonce(guest.port);
  await clock.run(guest.link.ping());
  const sizes: number[] = [];
  await clock.run(
    guest.link.writeFile({ path, uploadId: 'h' }, async function* (offset) {
      const bytes = content(nonce());
      sizes.push(bytes.length);
      yield bytes.subarray(Number(offset));
    }),
  );
  const { counts } = guest.port;
  assert.equal(host.files.bytes(path).length, sizes[0], `${JSON.stringify(cut)}: the file is complete`);
  assert.equal((await clock.run(guest.link.call(FileServiceLite.stat, { path }))).path, path);
  assert.deepEqual(
    host.processes.spawned.map(({ argv }) => argv),
    [],
    `${JSON.stringify(cut)}: nothing was started`,
  );
  return counts;
}

const known = (nonce: Uint8Array): Uint8Array => requestFrames(nonce);
const unknown = (): Uint8Array => requestFrames(guessed);

describe('a file of valid requests', { timeout: 240_000 }, () => {
  it('the requests in the hostile file would be executed if they were sent as frames', async () => {
    const machine = createModelMachine();
    await using guest = startModelGuest(undefined, machine);
    const nonce = followNonce(guest.port);
    // Loads the service: a call that comes with bytes that end its session would be over before.
    await machine.clock.run(guest.link.call(ProcessServiceLite.list, {}));
    const channel = await guest.port.attach();
    await channel.write(openingBytes(nonce(), { minVersion: 1, maxVersion: 1 }, ops));
    await channel.write(requestFrames(nonce()));
    await machine.clock.pass(1);
    assert.deepEqual(
      machine.host.processes.spawned.map(({ argv }) => argv),
      [['/usr/bin/echo', mark]],
    );
  });

  for (const [name, content] of [
    ['with the session’s nonce', known],
    ['with another nonce', unknown],
  ] as const) {
    for (const direction of ['to-agent', 'to-node'] as const) {
      it(`uploading a file of requests ${name} executes none of them, cut after every byte ${direction}`, async () => {
        const machine = createModelMachine();
        const counts = await uploadHostile(machine, content);
        const [from, to] = direction === 'to-agent' ? [zeroRunBytes, counts.toAgent] : [0, counts.toNode];
        for (let atByte = from; atByte < to; atByte++) {
          const pending = atByte % 2 === 0 ? 'lost' : 'kept';
          await uploadHostile(machine, content, { direction, atByte, pending, nodeNotices: atByte % 8 > 1 });
        }
      });
    }
  }

  it('uploading a file of requests and opening zeros executes none of them, cut at its frames and within its zeros', async () => {
    const machine = createModelMachine();
    const content = (nonce: Uint8Array): Uint8Array =>
      Buffer.concat([new Uint8Array(2 * zeroRunBytes), requestFrames(nonce)]);
    const { toAgent } = await uploadHostile(machine, content);
    const frames = requestFrames(guessed).length;
    for (let atByte = zeroRunBytes; atByte < toAgent; ) {
      await uploadHostile(machine, content, { direction: 'to-agent', atByte, pending: 'kept', nodeNotices: true });
      atByte += atByte < zeroRunBytes + 400 || atByte > toAgent - frames - 100 ? 3 : 2039;
    }
  });
});
