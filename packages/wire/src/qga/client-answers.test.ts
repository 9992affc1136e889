import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QgaAnswers } from './client-answers.ts';

const pushed = (text: string) => {
  const answers = new QgaAnswers();
  answers.expect(1000);
  return answers
    .push(Buffer.from(text, 'latin1'))
    .map((answer) => (answer.type === 'return' ? answer.value : answer.type));
};

describe('answers of a QGA agent', () => {
  it('end at a malformed one, up to the next sentinel', () => {
    assert.deepEqual(pushed('\xff{"return": 1}\nx\n{"return": 2}\n\xff{"return": 3}\n'), [1, 'malformed', 3]);
  });

  it('are the ones behind the last sentinel of a line', () => {
    assert.deepEqual(pushed('{"return": 0}\n\xff{"ret\xff\xff{"return": 4}\n{"return": 5}\n{"re'), [4, 5]);
  });

  it('are malformed beyond the limit, also one that a sentinel cuts off, in whatever pieces it comes', () => {
    const text = Buffer.from(`\xff${'x'.repeat(1001)}\xff{"return": 1}\n`, 'latin1');
    for (const pieceBytes of [1, 100, text.length]) {
      const answers = new QgaAnswers();
      answers.expect(1000);
      const found: string[] = [];
      for (let at = 0; at < text.length; at += pieceBytes)
        found.push(...answers.push(text.subarray(at, at + pieceBytes)).map(({ type }) => type));
      assert.equal(found[0], 'malformed', `${pieceBytes}`);
    }
  });
});
