import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { downloadName } from './download-name.ts';

describe('the name of a download', () => {
  it('the name of a download contains no path, line break or misleading character from a guest', () => {
    const names: readonly (readonly [string, string])[] = [
      ['plain – ünï.txt', 'plain – ünï.txt'],
      ['.bashrc', '.bashrc'],
      ['../../evil', '.._.._evil'],
      ['a\\b"c', 'a_b_c'],
      ['a\r\nset-cookie: x', 'a__set-cookie: x'],
      ['photo\u202egpj.exe', 'photo_gpj.exe'],
      ['a\u200f\u061c\u2066\u200b\ufeffb', 'a_____b'],
      ['\u001b]0;title\u0007', '_]0;title_'],
      ['lone \ud800 half', 'lone _ half'],
      ['..', 'file'],
      ['', 'file'],
      [`${'x'.repeat(300)}.tar`, `${'x'.repeat(196)}.tar`],
    ];
    for (const [name, wanted] of names) assert.equal(downloadName(name), wanted, JSON.stringify(name));
  });
});
