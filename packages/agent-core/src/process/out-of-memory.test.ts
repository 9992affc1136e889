import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { HostError } from '../host-error.ts';
import { type EndedCommand, wasOutOfMemory } from './out-of-memory.ts';

const startedMs = 5000;
const nowMs = 9000;

function kill(pid: number, { facility = 6, atMs = 8000, task = 'tail' } = {}): string {
  const reason = 'constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom';
  return `${facility},812,${atMs * 1000},-;oom-kill:${reason},task_memcg=/,task=${task},pid=${pid},uid=0\n`;
}

/**
 * Judges the command with the id 123 by the kernel's records, each read on its own; 'lost': overwritten before it is read.
 * By default the command itself was killed.
 */
function judge(records: readonly string[], exit: EndedCommand['exit'] = { exitCode: undefined, signal: 9 }): boolean {
  const host = new FakeHost();
  host.files.put('/dev/kmsg', '');
  host.clock.monotonicMs = () => nowMs;
  const left = [...records];
  host.files.readNext = (_file, into) => {
    const next = left.shift();
    if (next === 'lost') throw new HostError('EPIPE', 'read');
    return next === undefined ? 0 : new TextEncoder().encodeInto(next, into).written;
  };
  return wasOutOfMemory(host, { pid: 123, exit, startedMs });
}

describe('a command that may have been killed because memory ran out', () => {
  it('the kernel’s log names its process, between other records', () => {
    assert.equal(judge(['6,1,1,-;booting\n', 'lost', kill(123), '6,2,2,-;later\n']), true);
    assert.equal(judge(['6,1,1,-;booting\n', kill(124)]), false);
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
  });

  it('a guest that hides its kernel’s log says nothing about it', () => {
    assert.equal(
      wasOutOfMemory(new FakeHost(), { pid: 123, exit: { exitCode: undefined, signal: 9 }, startedMs }),
      false,
    );
  });
});
