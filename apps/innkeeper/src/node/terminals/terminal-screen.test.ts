import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesBeforeCut } from './cut-sequence.ts';
import { isAnswer } from './is-answer.ts';
import { OutputPieces } from './output-pieces.ts';
import { SequenceBounds } from './sequence-bounds.ts';
import { TerminalScreen } from './terminal-screen.ts';

const esc = '\x1b';

async function screenOf(output: string, columns = 20, rows = 5): Promise<TerminalScreen> {
  const screen = new TerminalScreen(columns, rows);
  await screen.write(Buffer.from(output));
  return screen;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe('TerminalScreen', () => {
  it('a redraw of a terminal screen reproduces it on an empty terminal', async () => {
    const outputs = [
      `one\r\ntwo ${esc}[1;31mred${esc}[0m\r\n`,
      `${'line\r\n'.repeat(50)}$ `,
      `lines\r\n\r\n  `,
      `${esc}[2;4r${esc}[?6h${esc}[2;3Horigin`,
      `before${esc}[?1049h${esc}[2J${esc}[?25l${esc}[2;4r${esc}[3;5HEDIT${esc}[?2004h${esc}[?1006h`,
      `${esc}]2;vi notes${'\x07'}wide 漢字 e\u0301 🙂`,
    ];
    for (const output of outputs) {
      const drawing = (await screenOf(output)).draw();
      assert.equal(text((await screenOf(text(drawing))).draw()), text(drawing), JSON.stringify(output));
    }
  });

  it('a redraw of a terminal screen keeps the scroll region, a hidden cursor and mouse modes', async () => {
    const drawing = text((await screenOf(`${esc}[?1000h${esc}[?1006h${esc}[?25l${esc}[2;4r${esc}[3;5Hx`)).draw());
    for (const part of ['[?1000h', '[?1006h', '[?25l', '[2;4r', '[3;6H']) assert.ok(drawing.includes(part), part);
  });

  it('a redraw of a terminal screen ends with an incomplete sequence', async () => {
    const screen = await screenOf(`red: ${esc}[3`);
    assert.ok(text(screen.draw()).endsWith(`red: ${esc}[3`));
    await screen.write(Buffer.from('1mX'));
    assert.ok(!text(screen.draw()).includes(`${esc}[3X`));
  });

  it('a terminal’s title has no control characters and at most 100 characters', async () => {
    const screen = await screenOf(`${esc}]0;a\u202eb\tc${'x'.repeat(200)}\x07`);
    assert.equal(screen.title, `abc${'x'.repeat(97)}`);
  });

  it('a redraw of a screen with many colours is at most 4 MiB', async () => {
    const screen = new TerminalScreen(500, 200);
    let line = '';
    for (let column = 0; column < 500; column++) line += `${esc}[38;2;${column % 256};1;2;48;2;3;4;${column % 251}mx`;
    for (let row = 0; row < 210; row++) await screen.write(Buffer.from(line));
    assert.ok(screen.draw().length < 4 * 1024 * 1024, `${screen.draw().length}`);
  });
});

describe('SequenceBounds', () => {
  it('SequenceBounds passes ordinary output of programs unchanged', () => {
    const bounds = new SequenceBounds();
    for (const piece of [`${esc}]2;title\x07`, `${esc}[31mred`, 'e\u0301', `${esc}P$qm${esc}\\`, '👩‍👩‍👧‍👦'])
      assert.equal(bounds.take(Buffer.from(piece)), piece);
  });

  it('SequenceBounds cuts unterminated strings, however they are split', () => {
    for (const pieceBytes of [1, 7, 4096, 100_000]) {
      const bounds = new SequenceBounds();
      const all = Buffer.from(`a${esc}]2;${'x'.repeat(50_000)}${esc}\\b${esc}P${'y'.repeat(50_000)}\x07c`);
      let kept = '';
      for (let at = 0; at < all.length; at += pieceBytes) kept += bounds.take(all.subarray(at, at + pieceBytes));
      assert.equal(kept, `a${esc}]2;${'x'.repeat(4094)}${esc}\\b${esc}P${'y'.repeat(4096)}\x07c`);
    }
  });

  it('SequenceBounds keeps at most eight marks per letter, however they are split', () => {
    for (const pieceBytes of [1, 2, 7, 5000]) {
      const bounds = new SequenceBounds();
      const all = Buffer.from(`a${'\u0301'.repeat(1000)}b${'\u0302'.repeat(3)}c`);
      let kept = '';
      for (let at = 0; at < all.length; at += pieceBytes) kept += bounds.take(all.subarray(at, at + pieceBytes));
      assert.equal(kept, `a${'\u0301'.repeat(8)}b${'\u0302'.repeat(3)}c`);
    }
  });
});

describe('bytesBeforeCut()', () => {
  const none = new Uint8Array(0);
  it('bytesBeforeCut() finds an incomplete sequence, and nothing in complete output', () => {
    for (const whole of [
      '',
      'text',
      `${esc}[31m`,
      `${esc}]2;t\x07`,
      `${esc}]2;t${esc}\\`,
      `${esc}(B`,
      `${esc}7`,
      'é漢🙂',
    ])
      assert.equal(text(bytesBeforeCut(none, Buffer.from(`x${whole}`))), '', JSON.stringify(whole));
    for (const cut of [esc, `${esc}[`, `${esc}[38;5;`, `${esc}]2;tit`, `${esc}]2;tit${esc}`, `${esc}(`, `${esc}P$q`])
      assert.equal(text(bytesBeforeCut(none, Buffer.from(`x${esc}[1m${cut}`))), cut, JSON.stringify(cut));
    for (const length of [1, 2, 3]) {
      const cut = Buffer.from('🙂').subarray(0, length);
      assert.deepEqual(bytesBeforeCut(none, Buffer.concat([Buffer.from('x'), cut])), new Uint8Array(cut));
    }
  });

  it('bytesBeforeCut() continues from piece to piece', () => {
    let cut = new Uint8Array(0);
    for (const piece of ['x', esc, '[', '3', '8;5']) cut = bytesBeforeCut(cut, Buffer.from(piece));
    assert.equal(text(cut), `${esc}[38;5`);
    assert.equal(text(bytesBeforeCut(cut, Buffer.from(';1mred'))), '');
  });
});

describe('OutputPieces', () => {
  it('pieces of output have fewer sequences after a slow piece, and more again after fast ones', () => {
    const pieces = new OutputPieces();
    const scrolls = Buffer.from(`${esc}[200S`.repeat(1000));
    const sequences = (): number => pieces.end(scrolls, 0) / 6;
    assert.equal(sequences(), 64);
    for (let count = 0; count < 9; count++) pieces.took(100);
    assert.equal(sequences(), 4);
    for (let count = 0; count < 9; count++) pieces.took(1);
    assert.equal(sequences(), 256);
    assert.equal(pieces.end(Buffer.alloc(100_000, 'x'), 10), 10 + 16 * 1024);
  });
});

describe('isAnswer()', () => {
  it('automatic replies of a terminal are distinguished from typed input', () => {
    for (const answer of [
      `${esc}[?1;2c`,
      `${esc}[24;80R`,
      `${esc}[0n`,
      `${esc}]11;rgb:00/00/00${esc}\\`,
      `${esc}P1$r0m${esc}\\`,
    ])
      assert.ok(isAnswer(Buffer.from(answer)), JSON.stringify(answer));
    for (const typed of ['', 'c', esc, `${esc}[A`, `${esc}[15~`, `${esc}[200~paste${esc}[201~`, `ls${esc}[0n`, '\x03'])
      assert.ok(!isAnswer(Buffer.from(typed)), JSON.stringify(typed));
  });
});
