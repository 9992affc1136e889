import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import headless from '@xterm/headless';
import { bufferText } from './buffer-text.ts';
import { restrainEmulator } from './restrain-emulator.ts';

async function terminalAfter(output: string): Promise<InstanceType<typeof headless.Terminal>> {
  const terminal = new headless.Terminal({ cols: 10, rows: 4, allowProposedApi: true });
  restrainEmulator(terminal as never);
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  return terminal;
}

describe('bufferText', () => {
  it('bufferText joins wrapped lines, includes the scrollback, and trims trailing blanks', async () => {
    const { buffer } = await terminalAfter('one  \r\nabcdefghijklm no\r\n\r\n\x1b[31mred\x1b[0m\r\nlast\r\n\r\n');
    assert.equal(bufferText(buffer.active), 'one\nabcdefghijklm no\n\nred\nlast\n');
  });

  it('bufferText is empty for an empty screen', async () => {
    assert.equal(bufferText((await terminalAfter('')).buffer.active), '');
  });
});

describe('restrainEmulator', () => {
  it('restrainEmulator ignores titles, and answers no queries about the window or the clipboard', async () => {
    const reported: string[] = [];
    const terminal = await terminalAfter('');
    terminal.onTitleChange((title) => reported.push(title));
    terminal.onData((answer) => reported.push(answer));
    const hostile =
      '\x1b]0;mine\x07\x1b]2;mine\x07\x1b]52;c;?\x07\x1b[21t\x1b[14t\x1b[18t\x1b]8;;javascript:1\x07x\x1b]8;;\x07';
    await new Promise<void>((resolve) => terminal.write(`${hostile}\x1b[22t\x1b[2147483647Sok`, resolve));
    assert.deepEqual(reported, []);
    assert.match(bufferText(terminal.buffer.active), /^xok/);
  });
});
