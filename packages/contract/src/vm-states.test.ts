import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertVmAction, isVmState, judgeVmAction, legalVmActions, type VmAction, vmStates } from './vm-states.ts';

const actions: readonly VmAction[] = ['start', 'stop', 'kill', 'pause', 'resume', 'delete', 'guest', 'console'];

describe('judgeVmAction()', () => {
  it('stopping a stopped, stopping or crashed VM is already reached', () => {
    for (const state of ['stopped', 'stopping', 'crashed'] as const) {
      assert.equal(judgeVmAction(state, 'stop'), 'reached');
    }
  });

  it('every action on a VM is legal in some state', () => {
    for (const action of actions) assert.ok(vmStates.some((state) => judgeVmAction(state, action) === 'legal'));
  });

  it('no action is legal while a VM is being created or deleted', () => {
    assert.deepEqual(legalVmActions.creating, []);
    assert.deepEqual(legalVmActions.deleting, []);
  });
});

describe('assertVmAction()', () => {
  it('an illegal action is refused with the states that allow it', () => {
    assert.throws(() => assertVmAction('a', 'running', 'delete'), {
      reason: 'VM_WRONG_STATE',
      message: 'The VM "a" is running; "delete" requires it to be stopped or crashed.',
    });
  });

  it('a guest action on a stopped VM fails with VM_NOT_RUNNING', () => {
    assert.throws(() => assertVmAction('a', 'stopped', 'guest'), { reason: 'VM_NOT_RUNNING' });
  });

  it('a guest action on a paused VM fails with VM_WRONG_STATE', () => {
    assert.throws(() => assertVmAction('a', 'paused', 'guest'), { reason: 'VM_WRONG_STATE' });
  });

  it('an action whose aim is already reached passes', () => {
    assertVmAction('a', 'stopped', 'stop');
  });
});

describe('isVmState()', () => {
  it('isVmState() accepts states and no names from the prototype', () => {
    assert.equal(isVmState('running'), true);
    assert.equal(isVmState('toString'), false);
  });
});
