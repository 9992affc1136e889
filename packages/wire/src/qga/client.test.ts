import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QgaAnswers } from './client-answers.ts';
import { qgaRequest, qgaSyncRequest } from './client-requests.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

function reader(maxBytes = 1000): QgaAnswers {
  const answers = new QgaAnswers();
  answers.expect(maxBytes);
  return answers;
}

describe('a QGA client', () => {
  it('writes a request as one line, and 0xFF before a sync', () => {
    assert.equal(Buffer.from(qgaRequest('guest-ping')).toString(), '{"execute":"guest-ping"}\n');
    assert.deepEqual(qgaSyncRequest(7), bytes('\xff{"execute":"guest-sync-delimited","arguments":{"id":7}}\n'));
  });

  it('drops answers to earlier clients, also half ones, up to the sentinel', () => {
    const stale = '77}\n{"return": {"pid": 162}}\n{"error": {"class": "GenericError", "desc": "x"}}\n';
    assert.deepEqual(reader().push(bytes(`${stale}\xff{"return": 5}\n{"return": {}}\n`)), [
      { type: 'return', value: 5 },
      { type: 'return', value: {} },
    ]);
  });

  it('reads an answer that arrives byte by byte', () => {
    const answers = reader();
    const found = [...'\xff{"error": {"class": "CommandNotFound", "desc": "no"}}\n'].flatMap((one) =>
      answers.push(bytes(one)),
    );
    assert.deepEqual(found, [{ type: 'error', errorClass: 'CommandNotFound', description: 'no' }]);
  });

  it('keeps nothing of an endless line and reports it once', () => {
    const answers = reader(100);
    answers.push(bytes('\xff'));
    const found = Array.from({ length: 50 }, () => answers.push(bytes('x'.repeat(60)))).flat();
    assert.deepEqual(found, [{ type: 'malformed', why: 'An answer has more than 100 bytes.' }]);
  });

  it('keeps nothing of what precedes the sentinel, however long', () => {
    const answers = reader(100);
    for (let count = 0; count < 100; count++) assert.deepEqual(answers.push(bytes('{"return": 1}\n'.repeat(100))), []);
    assert.deepEqual(answers.push(bytes('\xff{"return": 2}\n')), [{ type: 'return', value: 2 }]);
  });

  for (const line of ['hello', '[]', '{}', '{"error": "x"}', '{"error": {"class": 1, "desc": "x"}}', '{"return": '])
    it(`does not take ${line} for an answer`, () => {
      const [answer] = reader().push(bytes(`\xff${line}\n`));
      assert.equal(answer?.type, 'malformed');
    });

  it('a second sentinel within an answer begins another one', () => {
    assert.deepEqual(reader().push(bytes('\xff{"retu\xff{"return": 2}\n')), [{ type: 'return', value: 2 }]);
  });
});
