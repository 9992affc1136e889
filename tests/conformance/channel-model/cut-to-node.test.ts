import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { cutEverywhere, fates, measureExchange } from './cut-everywhere.ts';

describe('an exchange cut behind every byte on its way to the node', { timeout: 240_000 }, () => {
  let toNode = 0;
  before(async () => {
    toNode = (await measureExchange()).toNode;
  });

  it('has bytes for all that it answers', () => assert.ok(toNode > 800, `${toNode}`));

  for (const pending of fates)
    it(`gets the right answers when what was under way is ${pending}`, () =>
      cutEverywhere({ direction: 'to-node', pending, nodeNotices: true }, 0, toNode));

  it('gets them when neither side notices', () =>
    cutEverywhere({ direction: 'to-node', nodeNotices: false }, 0, toNode));
});
