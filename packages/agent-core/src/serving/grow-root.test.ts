import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const GiB = 1024 * 1024 * 1024;

/** A guest whose root, as this line of mountinfo says, is on a device of 20 GiB. */
async function guest(root = '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw') {
  const host = new FakeHost();
  host.files.put('/proc/self/mountinfo', `${root}\n`);
  host.files.put('/sys/dev/block/254:0/size', `${(20 * GiB) / 512}\n`);
  return await startFakeAgent(host);
}

describe('the root file system of a VM with a larger disk than its image', () => {
  it('the root grows to its device before the first welcome when the node may grow it, and only once', async () => {
    const { host, node } = await guest();
    assert.equal(host.files.totalBytes, 8 * GiB);
    await node.hello({ mayGrowRoot: true });
    assert.equal(node.welcomes.length, 2);
    assert.equal(host.files.totalBytes, 20 * GiB);
    host.files.totalBytes = 10 * GiB;
    await node.hello({ mayGrowRoot: true });
    assert.equal(host.files.totalBytes, 10 * GiB);
  });

  it('the root of an adopted VM keeps its size', async () => {
    const { host, node } = await guest();
    await node.hello({ mayGrowRoot: false });
    assert.equal(host.files.totalBytes, 8 * GiB);
  });

  it('a root that is read-only or of another type keeps its size, and the welcome does not wait', async () => {
    const readOnly = '22 1 254:0 / / ro,relatime - ext4 /dev/vda ro';
    for (const root of [readOnly, '22 1 254:0 / / rw - xfs /dev/vda rw', '22 1 0:30 / / rw - overlay overlay rw']) {
      const { host, node } = await guest(root);
      await node.hello({ mayGrowRoot: true });
      assert.deepEqual([host.files.totalBytes, node.welcomes.length], [8 * GiB, 2], root);
    }
  });

  it('a root that the kernel does not grow is no obstacle to the session', async () => {
    const { host, node } = await guest();
    host.files.fail = (call) => (call === 'growExt' ? 'EPERM' : undefined);
    await node.hello({ mayGrowRoot: true });
    assert.equal(node.welcomes.length, 2);
  });
});
