import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { AgentReceiver, openingBytes, portableByteOps, zeroRunBytes } from '@innkeeper/wire';
import { cutEverywhere, cutOnce, fates, firstHelloByte, measureExchange } from './cut-everywhere.ts';
import { createModelMachine } from './model-guest.ts';

describe('an exchange cut after every byte on the way to the agent', { timeout: 240_000 }, () => {
  let toAgent = 0;
  before(async () => {
    toAgent = (await measureExchange()).toAgent;
  });

  it('the exchange sends more than 800 bytes to the agent', () =>
    assert.ok(toAgent - firstHelloByte > 800, `${toAgent}`));

  for (const pending of fates)
    it(`an exchange cut after every byte to the agent gets the right responses when pending bytes are ${pending}`, () =>
      cutEverywhere({ direction: 'to-agent', pending, nodeNotices: true }, firstHelloByte, toAgent));

  it('an exchange cut after every byte to the agent gets the right responses when neither side notices', () =>
    cutEverywhere({ direction: 'to-agent', nodeNotices: false }, firstHelloByte, toAgent));
});

describe('a run of zeros', { timeout: 120_000 }, () => {
  it('a run of zeros that was cut after any zero and starts again opens one session', () => {
    const nonce = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
    const opening = openingBytes(nonce, { minVersion: 1, maxVersion: 1 }, portableByteOps);
    const zeros = new Uint8Array(zeroRunBytes);
    const receiver = new AgentReceiver(portableByteOps);
    for (let count = 0; count <= zeroRunBytes; count++) {
      // A byte that cannot begin a frame ends the previous session.
      receiver.push(new Uint8Array([1]));
      assert.deepEqual([...receiver.push(zeros.subarray(0, count))], []);
      const incoming = [...receiver.push(opening)];
      assert.ok(incoming.length === 1 && incoming[0]?.type === 'hello', `${count} zeros`);
    }
  });

  it('a cut within the run of zeros does not affect the exchange', async () => {
    const machine = createModelMachine();
    for (let atByte = 0; atByte < firstHelloByte; atByte += atByte < 8 || atByte > firstHelloByte - 8 ? 1 : 509)
      await cutOnce({ direction: 'to-agent', atByte, pending: 'kept', nodeNotices: atByte % 2 === 0 }, machine);
  });
});
