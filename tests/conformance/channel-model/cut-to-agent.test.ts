import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { AgentReceiver, openingBytes, portableByteOps, zeroRunBytes } from '@innkeeper/wire';
import { cutEverywhere, cutOnce, fates, firstHelloByte, measureExchange } from './cut-everywhere.ts';
import { createModelMachine } from './model-guest.ts';

describe('an exchange cut behind every byte on its way to the agent', { timeout: 240_000 }, () => {
  let toAgent = 0;
  before(async () => {
    toAgent = (await measureExchange()).toAgent;
  });

  it('has bytes for all that it asks', () => assert.ok(toAgent - firstHelloByte > 800, `${toAgent}`));

  for (const pending of fates)
    it(`gets the right answers when what was under way is ${pending}`, () =>
      cutEverywhere({ direction: 'to-agent', pending, nodeNotices: true }, firstHelloByte, toAgent));

  it('gets them when neither side notices', () =>
    cutEverywhere({ direction: 'to-agent', nodeNotices: false }, firstHelloByte, toAgent));
});

describe('a run of zeros', { timeout: 120_000 }, () => {
  it('that was cut behind any zero and begins again opens a session once', () => {
    const nonce = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
    const opening = openingBytes(nonce, { minVersion: 1, maxVersion: 1 }, portableByteOps);
    const zeros = new Uint8Array(zeroRunBytes);
    const receiver = new AgentReceiver(portableByteOps);
    for (let count = 0; count <= zeroRunBytes; count++) {
      // Whatever the session before left: a byte that begins no frame loses it.
      receiver.push(new Uint8Array([1]));
      assert.deepEqual([...receiver.push(zeros.subarray(0, count))], []);
      const incoming = [...receiver.push(opening)];
      assert.ok(incoming.length === 1 && incoming[0]?.type === 'hello', `${count} zeros`);
    }
  });

  it('that was cut leaves the exchange as it is', async () => {
    const machine = createModelMachine();
    for (let atByte = 0; atByte < firstHelloByte; atByte += atByte < 8 || atByte > firstHelloByte - 8 ? 1 : 509)
      await cutOnce({ direction: 'to-agent', atByte, pending: 'kept', nodeNotices: atByte % 2 === 0 }, machine);
  });
});
