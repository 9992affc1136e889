import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeekFrom, FileHandleServiceLite as service } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const counter = '/run/handles';

async function guest(host = new FakeHost()) {
  host.files.putFolder('/run');
  return await startFakeAgent(host, { handleCounterPath: counter });
}

describe('FileHandleService', () => {
  it('a handle is read in pieces from its position, and says when the file ends', async () => {
    const { host, node } = await guest();
    host.files.put('/etc/name', '0123456789');
    const [opened] = (await node.open(service.open, { path: '/etc/name' })).messages;
    const handle = opened?.handle ?? 0n;
    assert.equal(handle, 1000n);
    const read = async (length: bigint) =>
      (await node.open(service.read, { handle, length })).messages.map(({ event }) =>
        event.case === 'data' ? Buffer.from(event.value).toString() : event.value,
      );
    const [text, done] = await read(4n);
    assert.equal(text, '0123');
    assert.deepEqual([(done as { bytes: bigint }).bytes, (done as { end: boolean }).end], [4n, false]);
    const [sought] = (await node.open(service.seek, { handle, offset: -3n, from: SeekFrom.END })).messages;
    assert.equal(sought?.position, 7n);
    const [rest, end] = await read(100n);
    assert.deepEqual([rest, (end as { end: boolean }).end], ['789', true]);
    await node.open(service.close, { handle });
    assert.equal((await node.open(service.read, { handle, length: 1n })).reason, 'HANDLE_NOT_FOUND');
    assert.equal(host.files.openCount, 0);
  });

  it('handles are not given twice, also by the next agent', async () => {
    const host = new FakeHost();
    host.files.put('/etc/name', 'x');
    const handles: (bigint | undefined)[] = [];
    for (let agents = 0; agents < 2; agents++) {
      const { node, end } = await guest(host);
      handles.push((await node.open(service.open, { path: '/etc/name' })).messages[0]?.handle);
      end();
    }
    assert.deepEqual(handles, [1000n, 1001n]);
    assert.equal(host.files.text(counter), '[global]\nfd_counter=1002\n');
  });

  it('at most 256 files are open, and what cannot be opened has its reason', async () => {
    const { host, node } = await guest();
    host.files.put('/etc/name', 'x');
    for (let count = 0; count < 256; count++) await node.open(service.open, { path: '/etc/name' });
    assert.equal((await node.open(service.open, { path: '/etc/name' })).reason, 'TOO_MANY_CALLS');
    const other = await guest();
    assert.equal((await other.node.open(service.open, { path: '/nope' })).reason, 'FILE_NOT_FOUND');
    assert.equal((await other.node.open(service.create, { path: 'relative' })).reason, 'INVALID_PATH');
    assert.equal(
      (await other.node.open(service.seek, { handle: 5n, offset: 0n, from: SeekFrom.START })).reason,
      'HANDLE_NOT_FOUND',
    );
  });
});
