import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertVmAction, isVmState, judgeVmAction, legalVmActions, type VmAction, vmStates } from './vm-states.ts';

const actions: readonly VmAction[] = ['start', 'stop', 'kill', 'pause', 'resume', 'delete', 'guest', 'console'];

describe('judgeVmAction()', () => {
  it('finds a stop of a stopped, stopping or crashed VM reached', () => {
    for (const state of ['stopped', 'stopping', 'crashed'] as const) {
      assert.equal(judgeVmAction(state, 'stop'), 'reached');
    }
  });

  it('lets every action do something in some state', () => {
    for (const action of actions) assert.ok(vmStates.some((state) => judgeVmAction(state, action) === 'legal'));
  });

  it('allows nothing while a VM is made or removed', () => {
    assert.deepEqual(legalVmActions.creating, []);
    assert.deepEqual(legalVmActions.deleting, []);
  });
});

describe('assertVmAction()', () => {
  it('names the state a VM has to be in', () => {
    assert.throws(() => assertVmAction('a', 'running', 'delete'), {
      reason: 'VM_WRONG_STATE',
      message: 'The VM "a" is running; for "delete" it has to be stopped or crashed.',
    });
  });

  it('calls a stopped VM not running when its guest is wanted', () => {
    assert.throws(() => assertVmAction('a', 'stopped', 'guest'), { reason: 'VM_NOT_RUNNING' });
  });

  it('takes a paused VM for one in the wrong state when its guest is wanted', () => {
    assert.throws(() => assertVmAction('a', 'paused', 'guest'), { reason: 'VM_WRONG_STATE' });
  });

  it('passes an action whose aim is reached', () => {
    assertVmAction('a', 'stopped', 'stop');
  });
});

describe('isVmState()', () => {
  it('takes states and nothing from the prototype', () => {
    assert.equal(isVmState('running'), true);
    assert.equal(isVmState('toString'), false);
  });
});
