import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { type EndedCommand, wasOutOfMemory } from './out-of-memory.ts';

const startedMs = 5000;
const nowMs = 9000;

function kill(pid: number, { facility = 6, atMs = 8000, task = 'tail' } = {}): string {
  const reason = 'constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom';
  return `<${facility}>[ ${(atMs / 1000).toFixed(6)}] oom-kill:${reason},task_memcg=/,task=${task},pid=${pid},uid=0`;
}

/** Judges the command with the id 123 by the kernel's lines. By default the command itself was killed. */
function judge(lines: readonly string[], exit: EndedCommand['exit'] = { exitCode: undefined, signal: 9 }): boolean {
  const host = new FakeHost();
  host.clock.monotonicMs = () => nowMs;
  host.kernelLog = `${lines.join('\n')}\n`;
  return wasOutOfMemory(host, { pid: 123, exit, startedMs });
}

describe('a command that may have been killed because memory ran out', () => {
  it('the kernel’s log names its process, between other records', () => {
    assert.equal(judge(['<6>[    0.000001] booting', kill(123), '<6>[    8.100000] later']), true);
    assert.equal(judge(['<6>[    0.000001] booting', kill(124)]), false);
    assert.equal(judge([kill(123).replace('] ', '][  T812] ')]), true, 'with the id of the task that wrote it');
    assert.equal(judge([]), false);
  });

  it('a command that ended otherwise was not killed, whatever the log says', () => {
    assert.equal(judge([kill(123)], { exitCode: 1, signal: undefined }), false);
    assert.equal(judge([kill(123)], { exitCode: undefined, signal: 15 }), false);
  });

  it('a shell that exits with 137 right after any kill lost a child to it, and long after one it did not', () => {
    const shell = { exitCode: 137, signal: undefined };
    assert.equal(judge([kill(200)], shell), true);
    assert.equal(judge([kill(200, { atMs: nowMs - 3500 })], shell), false);
    assert.equal(judge([], shell), false);
  });

  it('a kill from before the command was started is that of an earlier process with its number', () => {
    assert.equal(judge([kill(123, { atMs: startedMs - 2000 })]), false);
  });

  it('a record that a process wrote itself is not believed, nor is one with a forged name of its task', () => {
    assert.equal(judge([kill(123, { facility: 14 })]), false);
    assert.equal(judge([kill(200, { task: 'a,pid=123,uid=0' })]), false);
    assert.equal(judge([`<14>[    8.000000] ${kill(123)}`]), false);
  });

  it('no more than the last 64 KiB of the kernel’s log are read, however long it is', () => {
    const later = '<6>[    8.100000] later\n'.repeat(3000);
    assert.equal(judge([kill(123), later]), false);
    assert.equal(judge([later, kill(123)]), true);
  });

  it('a guest that hides its kernel’s log says nothing about it', () => {
    assert.equal(
      wasOutOfMemory(new FakeHost(), { pid: 123, exit: { exitCode: undefined, signal: 9 }, startedMs }),
      false,
    );
  });
});
