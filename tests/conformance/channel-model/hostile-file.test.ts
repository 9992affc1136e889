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
/** What a session's nonce may be guessed to be by whoever made the file. */
const guessed = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);

/** Requests that would start a command, valid in every way, in both dialects and with both headers. */
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

/** The nonce of a session, which nobody who makes a file can know; here the file knows it all the same. */
function followNonce(port: PortModel): () => Uint8Array {
  let nonce = guessed;
  port.onNodeWrite = (bytes) => {
    // Header, then the tag and length of `session`.
    if (bytes.length > zeroRunBytes) nonce = bytes.slice(zeroRunBytes + 11, zeroRunBytes + 27);
  };
  return () => nonce;
}

/** Uploads a file, made anew for each session, over a cut; asserts that nothing but the upload came of it. */
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
  assert.equal(host.files.bytes(path).length, sizes[0], `${JSON.stringify(cut)}: the file is whole`);
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
  it('would be carried out, were its frames sent as frames', async () => {
    const machine = createModelMachine();
    await using guest = startModelGuest(undefined, machine);
    const nonce = followNonce(guest.port);
    await machine.clock.run(guest.link.ping());
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
    ['that knows the session’s nonce', known],
    ['that has a nonce of its own', unknown],
  ] as const) {
    for (const direction of ['to-agent', 'to-node'] as const) {
      it(`${name} runs none of them, cut behind every byte ${direction}`, async () => {
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

  it('that has the zeros of an opening too runs none of them, cut at its frames and all along its zeros', async () => {
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
