import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from './operation-error.ts';
import { reasons } from './reasons.ts';

describe('OperationError.fromWire', () => {
  it('keeps the reason, the message and the next step that the peer sent', () => {
    const error = OperationError.fromWire({ reason: 'VM_NOT_FOUND', message: 'No "x".', nextStep: 'inn ls' });
    assert.deepEqual(
      [error.reason, error.code, error.message, error.nextStep],
      ['VM_NOT_FOUND', 'not_found', 'No "x".', 'inn ls'],
    );
  });

  it('has the next step of the registry when none was sent, or an empty one', () => {
    for (const nextStep of [undefined, '', 7])
      assert.equal(
        OperationError.fromWire({ reason: 'VM_NOT_FOUND', message: 'No.', nextStep }).nextStep,
        reasons.VM_NOT_FOUND.next,
      );
  });

  it('takes the default for a reason that this version does not know, and keeps the message', () => {
    const wire = { reason: 'OF_A_NEWER_DAEMON', message: 'Something new.' };
    assert.equal(OperationError.fromWire(wire).reason, 'INTERNAL');
    const error = OperationError.fromWire(wire, { reason: 'AGENT_UNREACHABLE' });
    assert.deepEqual([error.reason, error.message], ['AGENT_UNREACHABLE', 'Something new.']);
    assert.equal(OperationError.fromWire({ reason: 'toString' }).reason, 'INTERNAL');
  });

  it('takes the default message for what is not text, and keeps the cause', () => {
    const cause = new Error('socket');
    const error = OperationError.fromWire({ reason: {}, message: 12 }, { message: 'The daemon answered 502.', cause });
    assert.deepEqual([error.reason, error.message, error.cause], ['INTERNAL', 'The daemon answered 502.', cause]);
    assert.equal(OperationError.fromWire({}).message.length > 0, true);
  });
});
