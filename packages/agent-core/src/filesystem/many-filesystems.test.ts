import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FreezeRequestSchema } from '@innkeeper/contract/agent';
import { FilesystemServiceLite as service } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { FakeNode } from '../fake/fake-node.ts';
import { settle } from '../fake/manual-clock.ts';

function guest(lines: readonly string[]): FakeHost {
  const host = new FakeHost();
  host.files.putFolder('/run');
  host.files.put('/proc/self/mountinfo', `${['22 1 254:0 / / rw - ext4 /dev/vda rw', ...lines].join('\n')}\n`);
  return host;
}

async function freeze(node: FakeNode, init: MessageInitShape<typeof FreezeRequestSchema> = {}) {
  const call = await node.open(service.freeze, { id: 'one', ...init });
  await settle();
  return call;
}

async function thaw(node: FakeNode, id: string) {
  const call = await node.open(service.thaw, { id });
  await settle();
  return call;
}

describe('a freeze of many file systems', () => {
  const many = (count: number, path: (at: number) => string): string[] =>
    Array.from({ length: count }, (_, at) => `${100 + at} 22 8:${at} / ${path(at)} rw - ext4 /dev/d${at} rw`);

  it('mount points without a mount can be left out, and none of the others is, however many there are', async () => {
    const { host, node } = await startFakeAgent(guest(many(255, (at) => `/d${at}`)));
    const named = Array.from({ length: 400 }, (_, at) => `/d${at}`);
    assert.equal((await freeze(node, { mountPoints: named })).reason, 'MOUNT_NOT_FOUND');
    const nothing = await freeze(node, { id: 'two', mountPoints: ['/nope'], skipUnmounted: true });
    assert.equal(nothing.reason, 'MOUNT_NOT_FOUND');
    const report = (await freeze(node, { id: 'three', mountPoints: named, skipUnmounted: true })).messages[0];
    assert.deepEqual([report?.frozenCount, host.freezer.frozen.length], [255, 255]);
    assert.deepEqual([report?.filesystems.length, report?.filesystemsOmitted], [128, 127]);
    assert.equal((await thaw(node, 'three')).messages[0]?.frozenCount, 255);
  });

  it('the report of file systems with long paths fits its answer, and counts those it leaves out', async () => {
    const { node } = await startFakeAgent(guest(many(100, (at) => `/${'x'.repeat(3000)}${at}`)));
    const report = (await freeze(node)).messages[0];
    assert.equal(report?.frozenCount, 101);
    assert.ok(report.filesystemsOmitted > 50);
    assert.equal(report.filesystems.length + report.filesystemsOmitted, 101);
  });

  it('Trim trims every file system, and counts those that its answer has no room for', async () => {
    const { host, node } = await startFakeAgent(guest(many(200, (at) => `/d${at}`)));
    const tried: string[] = [];
    const { trim } = host.freezer;
    host.freezer.trim = (path, ...words) => {
      tried.push(path);
      return trim.call(host.freezer, path, ...words);
    };
    const call = await node.open(service.trim, {});
    await settle();
    const answer = call.messages[0];
    assert.deepEqual([tried.length, answer?.filesystems.length, answer?.filesystemsOmitted], [201, 128, 73]);
  });
});
