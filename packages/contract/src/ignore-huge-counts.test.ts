import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import headless from '@xterm/headless';
import { ignoreHugeCounts } from './ignore-huge-counts.ts';

const finals = ['L', 'M', 'S', 'T', 'I', 'Z', 'b', "'}", "'~", ' @', ' A'];

async function lineAfter(output: string): Promise<string> {
  const terminal = new headless.Terminal({ cols: 20, rows: 5, allowProposedApi: true });
  ignoreHugeCounts(terminal);
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  const line = terminal.buffer.active.getLine(0)?.translateToString(true) ?? '';
  terminal.dispose();
  return line;
}

describe('ignoreHugeCounts', () => {
  it('a terminal ignores a sequence whose count exceeds its screen, without delay', async () => {
    for (const final of finals) assert.equal(await lineAfter(`hi\x1b[2147483647${final}`), 'hi', final);
  });

  it('a terminal obeys a sequence whose count fits its screen', async () => {
    assert.equal(await lineAfter('hi\x1b[3b'), 'hiiii');
    assert.equal(await lineAfter('hi\x1b[5S'), '');
    assert.equal(await lineAfter('hi\x1b[1Ithere'), 'hi      there');
  });
});
