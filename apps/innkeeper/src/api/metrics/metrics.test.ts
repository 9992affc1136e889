import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AgentState, VmSchema, VmState } from '@innkeeper/contract/control';
import { Metrics } from './metrics.ts';

const vm = create(VmSchema, {
  id: 'a1',
  name: 'web',
  state: VmState.RUNNING,
  agent: { state: AgentState.CONNECTED },
  telemetry: {
    cpu: { count: 2, busyPercent: 12.5 },
    memory: { totalBytes: 2048n },
    mounts: [{ mountPoint: '/a "b"\\\n', filesystem: 'ext4', totalBytes: 10n }],
    interfaces: [{ name: 'eth0', rxBytes: 7n }],
  },
});

describe('GET /metrics', () => {
  it('/metrics has the measurements of guests, labelled with their VM', async () => {
    const text = await new Metrics({ version: '1.2.3' }).render([vm]);
    assert.match(text, /^innkeeper_guest_cpu_busy_percent\{vm="web",id="a1"\} 12\.5$/m);
    assert.match(text, /^innkeeper_guest_network_receive_bytes_total\{.*interface="eth0"\} 7$/m);
    assert.match(text, /^innkeeper_vms\{state="running"\} 1$/m);
    assert.match(text, /^innkeeper_vms\{state="crashed"\} 0$/m);
    assert.match(text, /^innkeeper_build_info\{version="1\.2\.3"\} 1$/m);
    assert.match(text, /^innkeeper_daemon_process_resident_memory_bytes \d+$/m);
  });

  it('/metrics counts VMs whose guest panicked', async () => {
    const sad = create(VmSchema, { id: 'b2', name: 'sad', state: VmState.RUNNING, panicked: true });
    const text = await new Metrics({ version: '1' }).render([vm, sad]);
    assert.match(text, /^innkeeper_vms_panicked 1$/m);
    assert.match(text, /^innkeeper_vms\{state="running"\} 2$/m);
  });

  it('/metrics has no series for values that were not measured', async () => {
    const text = await new Metrics({ version: '1' }).render([vm]);
    assert.doesNotMatch(text, /^innkeeper_guest_memory_used_bytes\{/m);
    assert.doesNotMatch(text, /^innkeeper_guest_mount_used_bytes\{/m);
  });

  it('/metrics escapes names that a guest chose', async () => {
    const text = await new Metrics({ version: '1' }).render([vm]);
    assert.ok(text.includes(String.raw`mount="/a \"b\"\\\n"`));
  });

  it('/metrics has series for the fullest 32 mounts, and the number of those without', async () => {
    const mounts = Array.from({ length: 300 }, (_, at) => ({
      mountPoint: `/m${at}`,
      totalBytes: 1000n,
      usedBytes: BigInt(at),
      availableBytes: BigInt(1000 - at),
    }));
    const many = create(VmSchema, { id: 'a1', name: 'web', telemetry: { mounts, mountsOmitted: 10 } });
    const text = await new Metrics({ version: '1' }).render([many]);
    assert.match(text, /^innkeeper_guest_mount_used_bytes\{.*mount="\/m299".*\} 299$/m);
    assert.doesNotMatch(text, /mount="\/m267"/);
    assert.match(text, /^innkeeper_guest_mounts_omitted\{.*\} 278$/m);
  });

  it('/metrics has no series of deleted VMs', async () => {
    const metrics = new Metrics({ version: '1' });
    await metrics.render([vm]);
    assert.doesNotMatch(await metrics.render([]), /vm="web"/);
  });
});
