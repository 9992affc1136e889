import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AgentState, type Vm, VmSchema, VmState } from './gen/control/v1/vm_pb.ts';
import { agentBootMs, isOutdated, isSilent, vmFigures } from './vm-figures.ts';

type VmInit = Exclude<MessageInitShape<typeof VmSchema>, Vm>;
const agent = { state: AgentState.CONNECTED, version: '0.9.2' };
const vm = (init: VmInit): Vm => create(VmSchema, { state: VmState.RUNNING, agent, ...init });

describe('vmFigures()', () => {
  it('a VM’s disk figure is that of the fullest writable mount', () => {
    const mounts = [
      { mountPoint: '/', usedBytes: 30n, availableBytes: 70n, totalBytes: 200n },
      { mountPoint: '/var', usedBytes: 90n, availableBytes: 10n },
      { mountPoint: '/cdrom', usedBytes: 100n, availableBytes: 0n, readOnly: true },
      { mountPoint: '/nfs', error: 'no answer' },
    ];
    const { diskPercent, fullestMount } = vmFigures(vm({ telemetry: { mounts } }));
    assert.deepEqual([diskPercent, fullestMount], [90, '/var']);
  });

  it('figures of a VM whose agent is not connected are unknown', () => {
    const telemetry = { cpu: { busyPercent: 50 } };
    assert.equal(vmFigures(vm({ telemetry })).cpuPercent, 50);
    assert.equal(vmFigures(vm({ telemetry, agent: { state: AgentState.LOST } })).cpuPercent, undefined);
  });

  it('impossible figures are treated as unknown', () => {
    for (const busyPercent of [-1, 100.1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(vmFigures(vm({ telemetry: { cpu: { busyPercent } } })).cpuPercent, undefined);
    const memory = { usedBytes: 200n, totalBytes: 100n };
    assert.equal(vmFigures(vm({ telemetry: { memory } })).memoryPercent, undefined);
    assert.equal(vmFigures(vm({ telemetry: { memory: { usedBytes: 0n, totalBytes: 0n } } })).memoryPercent, undefined);
  });
});

describe('isOutdated()', () => {
  it('agent versions are compared numerically', () => {
    assert.equal(isOutdated(vm({}), '0.10.0'), true);
    assert.equal(isOutdated(vm({}), '0.9.2'), false);
    assert.equal(isOutdated(vm({}), '0.9'), false);
    assert.equal(isOutdated(vm({}), ''), false);
  });
});

describe('isSilent()', () => {
  it('only running VMs count as silent', () => {
    assert.equal(isSilent(vm({ agent: { state: AgentState.LOST } }), 0), true);
    assert.equal(isSilent(vm({ state: VmState.STOPPED, agent: { state: AgentState.OFF } }), 0), false);
    assert.equal(isSilent(vm({}), 0), false);
  });

  it('a booting VM is not silent until its agent is late', () => {
    const booting = vm({ agent: { state: AgentState.WAITING } });
    assert.deepEqual(
      [isSilent(booting, 0), isSilent(booting, agentBootMs), isSilent(booting, agentBootMs + 1)],
      [false, false, true],
    );
  });
});
