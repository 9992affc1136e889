import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationState } from '@innkeeper/contract/control';
import { manyOutcome, operationOutcome, operationTitle } from './operation-title.ts';

const { SUCCEEDED, FAILED, CANCELED } = OperationState;

describe('the words of operations', () => {
  it('operationOutcome says what happened to what, in the past tense', () => {
    assert.equal(operationOutcome({ kind: 'vm.start', target: 'web-1', state: SUCCEEDED }), 'web-1 was started');
    assert.equal(operationOutcome({ kind: 'vm.stop', target: 'web-1', state: FAILED }), 'web-1 was not stopped');
    assert.equal(
      operationOutcome({ kind: 'image.build', target: 'tiny', state: SUCCEEDED }),
      'The image tiny was built',
    );
    assert.equal(
      operationOutcome({ kind: 'agent.update', target: 'web-1', state: FAILED }),
      'The agent of web-1 was not updated',
    );
    assert.equal(
      operationOutcome({ kind: 'vm.create', target: 'web', state: CANCELED }),
      '“Create VM web” was cancelled',
    );
    assert.equal(operationOutcome({ kind: 'new.kind', target: 'x', state: FAILED }), 'new.kind x failed');
  });

  it('manyOutcome says what happens to how many VMs', () => {
    assert.equal(manyOutcome('stopped', 3, 0), '3 VMs will be stopped');
    assert.equal(manyOutcome('stopped', 1, 0), '1 VM will be stopped');
    assert.equal(manyOutcome('stopped', 3, 2), '2 of 3 VMs were not stopped');
  });

  it('operationTitle says what an operation does', () => {
    assert.equal(operationTitle({ kind: 'vm.start', target: 'web-1' }), 'Start web-1');
    assert.equal(operationTitle({ kind: 'image.build', target: 'tiny' }), 'Build image tiny');
    assert.equal(operationTitle({ kind: 'agent.update', target: 'web-1' }), 'Update agent of web-1');
  });
});
