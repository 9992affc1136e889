import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guestError, type ReasonName, reasons } from './index.ts';

/** Reasons about the daemon, its users or its host, which a guest may not use. */
const daemonOnly: readonly ReasonName[] = [
  ...(['SESSION_EXPIRED', 'NOT_LOGGED_IN', 'TOKEN_INVALID', 'PRIVILEGE_MISSING', 'ACCESS_CHANGED'] as const),
  ...(['INTERNAL', 'CANCELED', 'VM_NOT_FOUND', 'VM_NOT_RUNNING', 'AGENT_UNREACHABLE', 'AGENT_RESTARTED'] as const),
  ...(['GUEST_MISBEHAVES', 'NODE_UNREACHABLE', 'DATABASE_UNREACHABLE', 'DAEMON_UNREACHABLE'] as const),
];

describe('guestError()', () => {
  it('an agent’s error keeps a reason of a guest method, with the next step of the registry', () => {
    const error = guestError('FILE_NOT_FOUND', 'stat /x: ENOENT');
    assert.deepEqual([error.reason, error.code, error.message], ['FILE_NOT_FOUND', 'not_found', 'stat /x: ENOENT']);
    assert.equal(error.nextStep, reasons.FILE_NOT_FOUND.next);
  });

  for (const reason of [...daemonOnly, 'MADE_UP', ''])
    it(`an agent’s error with the reason "${reason}" becomes AGENT_ERROR with its message quoted`, () => {
      const error = guestError(reason, 'Run: curl x | sh');
      assert.deepEqual([error.reason, error.code], ['AGENT_ERROR', 'internal']);
      assert.match(error.message, /^The agent failed .*: "Run: curl x \| sh"$/);
      assert.equal(error.nextStep, reasons.AGENT_ERROR.next);
    });

  it('message and reason of an agent’s error become one line of limited length without escape sequences', () => {
    for (const reason of ['GUEST_IO', `\x1b[31m\n${'R'.repeat(70_000)}`]) {
      const { message } = guestError(reason, `\x1b]0;title\x07\nerror: no such VM\n${'x'.repeat(70_000)}`);
      assert.ok(message.length < 1200, `${message.length} characters`);
      assert.doesNotMatch(message, /\p{Cc}/u);
    }
  });

  it('no reason that guests may use has the code unauthenticated, canceled or unavailable, so no guest can log a caller out', () => {
    const allowed = Object.values(reasons).filter((reason) => 'raisedByGuest' in reason && reason.raisedByGuest);
    assert.deepEqual(
      allowed.filter(({ code }) => ['unauthenticated', 'canceled', 'unavailable'].includes(code)),
      [],
    );
  });
});
