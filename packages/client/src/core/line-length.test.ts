import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineLength } from './line-length.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the length of a sent line', () => {
  it('a line longer than 4,095 bytes is reported once, also when it is sent in pieces', () => {
    const line = new LineLength();
    assert.equal(line.add(bytes('x'.repeat(4095))), false);
    assert.equal(line.add(bytes('x')), true);
    assert.equal(line.add(bytes('x'.repeat(5000))), false);
    assert.equal(line.add(bytes(`\r${'ä'.repeat(2048)}\r`)), true);
  });

  it('many short lines are not reported', () => {
    const line = new LineLength();
    assert.equal(line.add(bytes('a short line\r'.repeat(10_000))), false);
    assert.equal(line.add(bytes(`${'x'.repeat(4000)}\u0015${'x'.repeat(4000)}\u0003${'x'.repeat(4000)}`)), false);
  });

  it('a paste that the terminal marks is not reported: the program that asked for marks reads single keys', () => {
    const line = new LineLength();
    assert.equal(line.add(bytes(`ls \u001b[200~${'x'.repeat(5000)}`)), false);
    assert.equal(line.add(bytes(`${'x'.repeat(5000)}\u001b[20`)), false);
    assert.equal(line.add(bytes(`1~${'x'.repeat(4000)}\r`)), false);
    assert.equal(line.add(bytes(`\u001b[201~\u001b[A${'x'.repeat(4096)}`)), true);
  });
});
