import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findStartTicks, isAlive, parseProcessStat, readArguments } from './process-identity.ts';
import { readUsage } from './usage.ts';

const fields = '1 2 3 4 5 6 7 8 9 10 41 7 0 0 20 0 4 0 576973 1 2 3';

describe('parseProcessStat()', () => {
  it('/proc/PID/stat is parsed despite a name with spaces and parentheses', () => {
    const line = `10 (my (odd) vm) S ${fields}`;
    assert.deepEqual(parseProcessStat(line), {
      state: 'S',
      userTicks: 41,
      systemTicks: 7,
      startTicks: '576973',
    });
  });

  it('a truncated /proc/PID/stat is rejected', () => {
    assert.equal(parseProcessStat('10 (vm) S 1 2'), undefined);
    assert.equal(parseProcessStat(''), undefined);
  });
});

describe('a process', () => {
  it('a process is alive only under its own start time', () => {
    const startTicks = findStartTicks(process.pid) ?? assert.fail('not found');
    assert.equal(isAlive({ pid: process.pid, startTicks }), true);
    assert.equal(isAlive({ pid: process.pid, startTicks: '1' }), false);
    assert.equal(isAlive({ pid: 4_194_305, startTicks }), false);
  });

  it('the usage of a process is reported, but not that of another one with its pid', () => {
    const startTicks = findStartTicks(process.pid) ?? assert.fail('not found');
    const usage = readUsage({ pid: process.pid, startTicks });
    assert.ok(usage !== undefined && usage.rssBytes > 10_000_000 && usage.cpuTimeUs > 0);
    assert.equal(readUsage({ pid: process.pid, startTicks: '1' }), undefined);
  });

  it('the arguments of a process are reported', async () => {
    assert.ok((await readArguments(process.pid)).length > 0);
    assert.deepEqual(await readArguments(4_194_305), []);
  });
});
