import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { nextStepWithHint } from './inn-hints.ts';

describe('nextStepWithHint()', () => {
  it('names "inn kill" for a hypervisor that Innkeeper runs, and not where the error has another next step', () => {
    const own = new OperationError('HYPERVISOR_UNREACHABLE', 'QEMU does not answer.');
    assert.match(nextStepWithHint(own), /Kill the VM .* Try "inn kill VM"\.$/);
    const nextStep = 'Check that libvirtd runs.';
    const other = new OperationError('HYPERVISOR_UNREACHABLE', 'libvirt does not answer.', { nextStep });
    assert.equal(nextStepWithHint(other), nextStep);
  });

  it('adds a command that only looks to any next step, unless that names one', () => {
    const nextStep = 'Check that the domain runs.';
    const error = new OperationError('AGENT_UNREACHABLE', 'virsh: no.', { nextStep });
    assert.equal(nextStepWithHint(error), `${nextStep} Try "inn doctor VM".`);
    const named = new OperationError('AGENT_UNREACHABLE', 'no', { nextStep: 'Run inn start VM.' });
    assert.equal(nextStepWithHint(named), 'Run inn start VM.');
  });
});
