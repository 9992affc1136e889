import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError, type ReasonName } from '@innkeeper/contract/errors';
import { FakeLinkClock } from '../native/fake/fake-link-clock.ts';
import { startByQga } from './qga-exec.ts';
import type { QgaExchanges } from './qga-session.ts';

/** An agent that answers with these statuses, one after the other, and the last one from then on. */
function agent(...statuses: readonly (object | ReasonName)[]) {
  const asked: string[] = [];
  const left = [...statuses];
  const call = async (_signal: AbortSignal, command: string, given: Readonly<Record<string, unknown>> = {}) => {
    const words = Array.isArray(given['arg']) ? ` ${given['arg'].join(' ')}` : '';
    asked.push(`${command}${words}`);
    if (command === 'guest-exec') return { pid: 42 };
    const status = left.length > 1 ? left.shift() : left[0];
    if (typeof status === 'string') throw new OperationError(status, 'not now');
    return status;
  };
  const session = { writeBytes: 1, call, exchange: () => Promise.reject(new Error('unused')) };
  return { asked, session: session as QgaExchanges };
}

const running = { exited: false };
const ended = { exited: true, exitcode: 3 };
const never = new AbortController().signal;

describe('a command of the QEMU guest agent', () => {
  it('goes on while file systems are frozen and while another client holds the socket, and its end is found after that', async () => {
    const { session, asked } = agent(running, 'FILESYSTEM_FROZEN', 'AGENT_UNREACHABLE', 'AGENT_UNREACHABLE', ended);
    const clock = new FakeLinkClock();
    const command = await startByQga(session, clock, { argv: ['true'] }, undefined, never);
    const end = command.ended(never);
    await clock.advance(5000);
    assert.deepEqual((await end).status, { case: 'exitCode', value: 3 });
    assert.equal(asked.filter((each) => each === 'guest-exec-status').length, 5);
  });

  it('is given up after a minute without an answer, and at once when the agent does not know it', async () => {
    for (const [reason, minMs] of [
      ['AGENT_UNREACHABLE', 60_000],
      ['EXEC_NOT_FOUND', 0],
    ] as const) {
      const clock = new FakeLinkClock();
      const command = await startByQga(agent(reason).session, clock, { argv: ['true'] }, undefined, never);
      let outcome: unknown;
      command.ended(never).catch((error: unknown) => (outcome = error));
      await clock.advance(Math.max(0, minMs - 1000));
      if (minMs > 0) assert.equal(outcome, undefined);
      await clock.advance(5000);
      assert.equal((outcome as OperationError).reason, reason);
    }
  });

  it('gets no signal when it has ended since it was last looked at: its pid may be another one’s', async () => {
    const { session, asked } = agent(running, ended);
    const clock = new FakeLinkClock();
    const command = await startByQga(session, clock, { argv: ['true'] }, undefined, never);
    const end = command.ended(never);
    await clock.advance(12);
    await command.kill?.(9, never);
    assert.deepEqual((await end).status, { case: 'exitCode', value: 3 });
    assert.deepEqual(asked, ['guest-exec ', 'guest-exec-status', 'guest-exec-status']);
  });
});
