import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { cutEverywhere, fates, measureExchange } from './cut-everywhere.ts';

describe('an exchange cut after every byte on the way to the node', { timeout: 240_000 }, () => {
  let toNode = 0;
  before(async () => {
    toNode = (await measureExchange()).toNode;
  });

  it('the exchange sends more than 800 bytes to the node', () => assert.ok(toNode > 800, `${toNode}`));

  for (const pending of fates)
    it(`an exchange cut after every byte to the node gets the right responses when pending bytes are ${pending}`, () =>
      cutEverywhere({ direction: 'to-node', pending, nodeNotices: true }, 0, toNode));

  it('an exchange cut after every byte to the node gets the right responses when neither side notices', () =>
    cutEverywhere({ direction: 'to-node', nodeNotices: false }, 0, toNode));
});
