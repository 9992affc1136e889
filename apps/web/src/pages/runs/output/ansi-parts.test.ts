import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnsiStyle, ansiParts, plainStyle } from './ansi-parts.ts';

const textOf = (line: string): string =>
  ansiParts(line, plainStyle)
    .parts.map(({ text }) => text)
    .join('');
const styleOf = (parameters: string): AnsiStyle | undefined =>
  ansiParts(`\x1b[${parameters}mx`, plainStyle).parts[0]?.style;

describe('colours of output', () => {
  it('ansiParts splits a line into styled parts, and carries the style over to the next line', () => {
    const { parts, end } = ansiParts('a\x1b[1;31mb\x1b[39mc', plainStyle);
    assert.deepEqual(parts, [
      { text: 'a', style: {} },
      { text: 'b', style: { bold: true, text: 'red' } },
      { text: 'c', style: { bold: true, text: undefined } },
    ]);
    assert.deepEqual(ansiParts('d', end).parts, [{ text: 'd', style: end }]);
    assert.deepEqual(ansiParts('\x1b[m', end).end, {});
  });

  for (const [parameters, hue] of [
    ['91', 'red'],
    ['38;5;196', 'red'],
    ['38;5;46', 'green'],
    ['38;2;255;200;0', 'yellow'],
    ['38:2::0:80:255', 'blue'],
    ['38;5;240', 'dim'],
    ['38;5;255', undefined],
    ['37', undefined],
  ] as const)
    it(`SGR ${parameters} becomes ${hue ?? 'the default colour'}`, () => assert.equal(styleOf(parameters)?.text, hue));

  it('ansiParts keeps attributes after an extended colour', () => {
    assert.deepEqual(styleOf('38;5;196;4'), { text: 'red', underline: true });
    assert.deepEqual(styleOf('48;2;0;0;255;1'), { background: 'blue', bold: true });
  });
});

describe('control sequences in output', () => {
  for (const [line, text] of [
    ['\x1b]0;title\x07a', 'a'],
    ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['\x1b[2J\x1b[Hclear', 'clear'],
    ['\x1b(Bcharset\x1b7\x1b8', 'charset'],
    ['cut\x1b[3', 'cut'],
    ['cut\x1b', 'cut'],
    ['\x1b[8mhidden', 'hidden'],
  ] as const)
    it(`ansiParts removes control sequences from ${JSON.stringify(line)}`, () => assert.equal(textOf(line), text));

  it('ansiParts makes invisible and bidirectional characters visible', () => {
    assert.equal(textOf('a\x07b\tc\x00\u202ed\x9b'), 'a\u2407b\tc\u2400\\u202ed\\u009b');
  });
});
