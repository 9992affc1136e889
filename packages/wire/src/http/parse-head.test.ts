import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHead } from './parse-head.ts';

const start = 'GET / HTTP/1.1\r\nHost: g\r\n';

describe('parseHead', () => {
  it('spaces and tabs around a value are not part of it, and those within it are', () => {
    const head = parseHead(`${start}A: \t b \tc\t \r\nB:\r\nC: \t\r\nD:\xa0d`);
    assert.ok('headers' in head);
    assert.deepEqual(
      ['host', 'a', 'b', 'c', 'd'].map((name) => head.headers.get(name)),
      ['g', 'b \tc', '', '', '\xa0d'],
    );
  });

  it('a header of thousands of blanks costs no time, whether it is refused or not', () => {
    const { user } = process.cpuUsage();
    assert.deepEqual(parseHead(`${start}A:${' '.repeat(4000)}\0`), { status: 400, why: 'A header is malformed.' });
    assert.ok('headers' in parseHead(`${start}A:${' '.repeat(4000)}x${' '.repeat(4000)}y`));
    assert.ok(process.cpuUsage().user - user < 1_000_000, 'microseconds of CPU');
  });
});
