import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from './operation-error.ts';
import { reasons } from './reasons.ts';

describe('OperationError.fromWire', () => {
  it('an error from the wire keeps its reason, message and next step', () => {
    const error = OperationError.fromWire({ reason: 'VM_NOT_FOUND', message: 'No "x".', nextStep: 'inn ls' });
    assert.deepEqual(
      [error.reason, error.code, error.message, error.nextStep],
      ['VM_NOT_FOUND', 'not_found', 'No "x".', 'inn ls'],
    );
  });

  it('an error from the wire without a next step gets the registry’s', () => {
    for (const nextStep of [undefined, '', 7])
      assert.equal(
        OperationError.fromWire({ reason: 'VM_NOT_FOUND', message: 'No.', nextStep }).nextStep,
        reasons.VM_NOT_FOUND.next,
      );
  });

  it('an error from the wire with an unknown reason gets the default reason and keeps its message', () => {
    const wire = { reason: 'OF_A_NEWER_DAEMON', message: 'Something new.' };
    assert.equal(OperationError.fromWire(wire).reason, 'INTERNAL');
    const error = OperationError.fromWire(wire, { reason: 'AGENT_UNREACHABLE' });
    assert.deepEqual([error.reason, error.message], ['AGENT_UNREACHABLE', 'Something new.']);
    assert.equal(OperationError.fromWire({ reason: 'toString' }).reason, 'INTERNAL');
  });

  it('an error from the wire whose message is not text gets the default message and keeps the cause', () => {
    const cause = new Error('socket');
    const error = OperationError.fromWire({ reason: {}, message: 12 }, { message: 'The daemon answered 502.', cause });
    assert.deepEqual([error.reason, error.message, error.cause], ['INTERNAL', 'The daemon answered 502.', cause]);
    assert.equal(OperationError.fromWire({}).message.length > 0, true);
  });
});
