import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { FakeNode } from '../fake/fake-node.ts';

const { write } = FileServiceLite;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

/** Opens an upload, sends `text` from the agent's offset on, and commits unless `cut`. */
async function upload(node: FakeNode, open: object, text: string, options: { cut?: boolean; hash?: Uint8Array } = {}) {
  const call = await node.open(write, { input: { case: 'open', value: { path: '/tmp/f', ...open } } }, { more: true });
  const first = call.messages[0]?.event;
  const from = first?.case === 'opened' ? first.value.offset : undefined;
  if (from !== undefined) {
    const data = bytesOf(text).subarray(Number(from));
    await call.send({ input: { case: 'chunk', value: { offset: from, data } } });
    if (options.cut === true) await call.cancel();
    else await call.send({ input: { case: 'commit', value: { sha256: options.hash ?? new Uint8Array(0) } } }, true);
  }
  const last = call.messages.at(-1)?.event;
  return { from, reason: call.reason, done: last?.case === 'done' ? last.value : undefined };
}

/** A guest with /tmp/f, whose old content must survive every failure. */
async function guest(arrange?: (host: FakeHost) => void) {
  const host = new FakeHost();
  host.files.put('/tmp/f', 'old', { mode: 0o640, uid: 1000, gid: 50 });
  arrange?.(host);
  return await startFakeAgent(host);
}

describe('an upload', () => {
  it('an upload replaces the file atomically, and keeps its mode and owner', async () => {
    const { host, node } = await guest();
    const { reason, done } = await upload(node, { sha256: true }, 'new content');
    assert.deepEqual([reason, done?.bytes], ['', 11n]);
    assert.deepEqual(done?.sha256, sha256('new content'));
    const { mode, uid, gid } = host.files.stat('/tmp/f', false);
    assert.deepEqual([host.files.text('/tmp/f'), mode, uid, gid], ['new content', 0o640, 1000, 50]);
    assert.deepEqual([host.files.names('/tmp'), host.files.openCount], [['f'], 0]);
  });

  it('an upload sets the requested mode and owner, including setuid', async () => {
    const { host, node } = await guest();
    await upload(node, { path: '/tmp/new/deep', createParents: true, mode: 0o4755, user: 'ana', group: 'audio' }, 'x');
    const { mode, uid, gid } = host.files.stat('/tmp/new/deep', false);
    assert.deepEqual([mode, uid, gid], [0o4755, 1000, 29]);
    assert.equal(host.files.stat('/tmp/new', false).mode, 0o755);
  });

  it('an upload without an id that is cut off leaves the old file and no partial file', async () => {
    const { host, node } = await guest();
    assert.equal((await upload(node, {}, 'new', { cut: true })).reason, 'CANCELED');
    assert.deepEqual([host.files.text('/tmp/f'), host.files.names('/tmp'), host.files.openCount], ['old', ['f'], 0]);
  });

  it('an upload with an id resumes where it was cut off', async () => {
    const { host, node } = await guest();
    const open = { uploadId: 'one', resume: true, sha256: true };
    await upload(node, open, 'first ', { cut: true });
    assert.deepEqual([host.files.text('/tmp/f'), host.files.openCount], ['old', 0]);
    const { from, done } = await upload(node, open, 'first and second');
    assert.deepEqual([from, done?.bytes, host.files.text('/tmp/f')], [6n, 16n, 'first and second']);
    assert.deepEqual(done?.sha256, sha256('first and second'));
    assert.deepEqual(host.files.names('/tmp'), ['f']);
  });

  it('an upload without `resume` starts from the beginning', async () => {
    const { host, node } = await guest();
    await upload(node, { uploadId: 'one', resume: true }, 'rubbish', { cut: true });
    const { from } = await upload(node, { uploadId: 'one' }, 'good');
    assert.deepEqual([from, host.files.text('/tmp/f')], [0n, 'good']);
  });

  it('an upload does not resume a partial file of another owner', async () => {
    const partial = '/tmp/.f.innkeeper-one.part';
    const traps: readonly ((host: FakeHost) => void)[] = [
      (host) => host.files.putLink(partial, '/etc/passwd'),
      (host) => host.files.put(partial, 'evil', { uid: 1000 }),
      (host) => host.files.putSpecial(partial, 'fifo'),
    ];
    for (const trap of traps) {
      const { host, node } = await guest(trap);
      const passwd = host.files.text('/etc/passwd');
      const { from } = await upload(node, { uploadId: 'one', resume: true, mode: 0o600 }, 'good');
      assert.deepEqual([from, host.files.text('/tmp/f')], [0n, 'good']);
      assert.deepEqual([host.files.text('/etc/passwd'), host.files.stat('/etc/passwd', false).mode], [passwd, 0o644]);
    }
  });

  it('an upload does not follow a link that is created while it opens', async () => {
    const partial = '/tmp/.f.innkeeper-one.part';
    const { host, node } = await guest((each) => each.files.put(partial, 'mine'));
    host.files.fail = (call, path) => {
      if (call !== 'open' || path !== partial) return undefined;
      host.files.fail = undefined;
      host.files.remove(partial);
      host.files.putLink(partial, '/etc/passwd');
      return undefined;
    };
    const { from } = await upload(node, { uploadId: 'one', resume: true }, 'good');
    assert.deepEqual([from, host.files.text('/tmp/f')], [0n, 'good']);
    assert.match(host.files.text('/etc/passwd'), /^root:/);
  });

  it('an upload replaces nothing if the hash does not match', async () => {
    const { host, node } = await guest();
    for (const open of [{}, { sha256: true }, { uploadId: 'one' }]) {
      assert.equal((await upload(node, open, 'new', { hash: sha256('other') })).reason, 'CHECKSUM_MISMATCH');
      assert.deepEqual([host.files.text('/tmp/f'), host.files.names('/tmp')], ['old', ['f']]);
    }
    assert.equal((await upload(node, {}, 'new', { hash: sha256('new') })).reason, '');
  });

  it('an upload replaces nothing if it is shorter than announced', async () => {
    const { host, node } = await guest();
    assert.equal((await upload(node, { sizeBytes: 10n }, 'short')).reason, 'UPLOAD_GAP');
    assert.deepEqual([host.files.text('/tmp/f'), host.files.names('/tmp')], ['old', ['f']]);
  });

  it('an upload refuses gaps and repeated chunks', async () => {
    const { node } = await guest();
    for (const offset of [1n, 5n]) {
      const call = await node.open(write, { input: { case: 'open', value: { path: '/tmp/f' } } }, { more: true });
      await call.send({ input: { case: 'chunk', value: { offset: 0n, data: bytesOf('abc') } } });
      await call.send({ input: { case: 'chunk', value: { offset, data: bytesOf('x') } } });
      assert.equal(call.reason, 'UPLOAD_GAP');
    }
  });

  it('an upload to a full disk fails with GUEST_DISK_FULL, at once if the size is known, and leaves no partial file', async () => {
    const { host, node } = await guest();
    host.files.freeBytes = 4;
    assert.equal((await upload(node, { sizeBytes: 100n }, '')).reason, 'GUEST_DISK_FULL');
    assert.equal((await upload(node, {}, 'too much')).reason, 'GUEST_DISK_FULL');
    assert.deepEqual([host.files.text('/tmp/f'), host.files.names('/tmp')], ['old', ['f']]);
  });

  it('an upload follows a link to its file, and refuses it if links are forbidden', async () => {
    const { host, node } = await guest((each) => each.files.putLink('/tmp/link', 'f'));
    assert.equal((await upload(node, { path: '/tmp/link', noSymlinks: true }, 'x')).reason, 'FILE_SYMLINK_REFUSED');
    assert.equal(host.files.text('/tmp/f'), 'old');
    // The file is replaced as a whole, like one that is named directly.
    await upload(node, { path: '/tmp/link' }, 'half', { cut: true });
    assert.equal(host.files.text('/tmp/f'), 'old');
    assert.equal((await upload(node, { path: '/tmp/link' }, 'through')).reason, '');
    assert.deepEqual([host.files.text('/tmp/f'), host.files.stat('/tmp/link', false).type], ['through', 'symlink']);
  });

  it('an upload can write a part in place, append, and write to devices', async () => {
    const { host, node } = await guest((each) => {
      each.files.put('/tmp/part', '0123456789');
      each.files.putSpecial('/dev/thing', 'character');
    });
    const call = await node.open(
      write,
      { input: { case: 'open', value: { path: '/tmp/part', inPlaceOffset: 3n } } },
      { more: true },
    );
    await call.send({ input: { case: 'chunk', value: { offset: 3n, data: bytesOf('abc') } } });
    await call.send({ input: { case: 'commit', value: {} } }, true);
    assert.deepEqual([call.reason, host.files.text('/tmp/part')], ['', '012abc6789']);
    await upload(node, { path: '/tmp/part', append: true }, 'end');
    assert.equal(host.files.text('/tmp/part'), '012abc6789end');
    assert.equal((await upload(node, { path: '/dev/thing' }, 'hi')).done?.bytes, 2n);
    assert.equal(host.files.stat('/dev/thing', false).type, 'character');
  });

  it('an upload refuses invalid requests, each with its reason', async () => {
    const { host, node } = await guest();
    const refusals: readonly (readonly [object, string])[] = [
      [{ path: 'f' }, 'INVALID_PATH'],
      [{ path: '/tmp/../f' }, 'INVALID_PATH'],
      [{ path: '/' }, 'FILE_IS_DIRECTORY'],
      [{ path: '/tmp' }, 'FILE_IS_DIRECTORY'],
      [{ path: '/none/f' }, 'FILE_NOT_FOUND'],
      [{ path: '/etc/passwd/f' }, 'FILE_NOT_DIRECTORY'],
      [{ mode: 0o10000 }, 'INVALID_ARGUMENT'],
      [{ uploadId: '../x' }, 'INVALID_ARGUMENT'],
      [{ uploadId: 'a'.repeat(65) }, 'INVALID_ARGUMENT'],
      [{ uploadId: 'a', append: true }, 'INVALID_ARGUMENT'],
      [{ uploadId: 'a', inPlaceOffset: 0n }, 'INVALID_ARGUMENT'],
      [{ inPlaceOffset: 1n << 60n }, 'INVALID_ARGUMENT'],
      [{ mustNotExist: true }, 'FILE_EXISTS'],
      [{ user: 'nobody-here' }, 'USER_NOT_FOUND'],
      [{ group: 'nobody-here' }, 'GROUP_NOT_FOUND'],
    ];
    for (const [open, reason] of refusals)
      assert.equal(
        (await upload(node, open, 'x')).reason,
        reason,
        JSON.stringify(open, (_, each) => String(each)),
      );
    assert.deepEqual([host.files.text('/tmp/f'), host.files.names('/tmp'), host.files.openCount], ['old', ['f'], 0]);
  });

  it('an upload is written by one session at a time', async () => {
    const { node, connect } = await guest();
    const open = { input: { case: 'open', value: { path: '/tmp/f', uploadId: 'one', resume: true } } } as const;
    const first = await node.open(write, open, { more: true });
    const other = await connect();
    assert.equal((await other.open(write, open, { more: true })).reason, 'UPLOAD_BUSY');
    await first.cancel();
    assert.equal((await other.open(write, open, { more: true })).reason, undefined);
  });

  it('an upload must start with open, and nothing may follow its commit', async () => {
    const { node } = await guest();
    const chunk = { input: { case: 'chunk', value: { offset: 0n, data: bytesOf('x') } } } as const;
    assert.equal((await node.open(write, chunk, { more: true })).reason, 'INVALID_ARGUMENT');
    const call = await node.open(write, { input: { case: 'open', value: { path: '/tmp/g' } } }, { more: true });
    await call.halfClose();
    assert.equal(call.reason, 'INVALID_ARGUMENT');
  });
});

describe('an upload in place', () => {
  it('a mount point and a file in a folder that cannot be written are overwritten in place, and cut to the new size', async () => {
    const failures = [
      (call: string) => (call === 'rename' ? 'EBUSY' : undefined),
      (call: string, path: string) => (call === 'open' && path.endsWith('.part') ? 'EROFS' : undefined),
    ];
    for (const fail of failures) {
      const { host, node } = await guest((each) => {
        each.files.put('/tmp/f', 'a long old content', { mode: 0o600 });
        each.files.fail = fail;
      });
      const { inode } = host.files.stat('/tmp/f', false);
      assert.equal((await upload(node, { uploadId: 'one' }, 'new')).reason, '');
      const after = host.files.stat('/tmp/f', false);
      assert.deepEqual([host.files.text('/tmp/f'), after.inode, after.mode], ['new', inode, 0o600]);
      assert.deepEqual([host.files.names('/tmp'), host.files.openCount], [['f'], 0]);
    }
  });
});

describe('partial files', () => {
  it('a partial file whose caller was lost stays for an hour, and is then removed without another upload', async () => {
    const { host, node } = await guest();
    await upload(node, { uploadId: 'forgotten' }, 'x', { cut: true });
    await host.clock.advance(3_500_000);
    await upload(node, { path: '/tmp/other' }, 'new');
    assert.deepEqual(host.files.names('/tmp'), ['.f.innkeeper-forgotten.part', 'f', 'other']);
    await host.clock.advance(200_000);
    assert.deepEqual(host.files.names('/tmp'), ['f', 'other']);
  });

  it('partial files of an agent that was killed are removed by the next upload into their folder after an hour', async () => {
    const names = ['.g.innkeeper-a.part', '.tar.innkeeper-b.part'];
    const { host, node } = await guest((each) => {
      for (const name of names) each.files.put(`/tmp/${name}`, 'x');
    });
    await upload(node, {}, 'new');
    assert.equal(host.files.names('/tmp').length, 3);
    await host.clock.advance(3_700_000);
    await upload(node, {}, 'newer');
    assert.deepEqual(host.files.names('/tmp'), ['f']);
  });

  it('the next upload of the same target removes its old partial files at once, but none that is being written', async () => {
    const { host, node } = await guest();
    const open = { input: { case: 'open', value: { path: '/tmp/f', uploadId: 'running' } } } as const;
    const running = await node.open(write, open, { more: true });
    host.files.put('/tmp/.f.innkeeper-dead.part', 'of an agent that was killed');
    host.files.put('/tmp/.g.innkeeper-dead.part', 'of another target');
    await upload(node, {}, 'new');
    assert.deepEqual(host.files.names('/tmp'), ['.f.innkeeper-running.part', '.g.innkeeper-dead.part', 'f']);
    await host.clock.advance(4_000_000);
    await upload(node, { path: '/tmp/h' }, 'new');
    assert.deepEqual(host.files.names('/tmp'), ['.f.innkeeper-running.part', 'f', 'h']);
    await running.cancel();
    assert.deepEqual(host.files.names('/tmp'), ['f', 'h']);
  });

  it('a resumable upload that is refused or ends without a commit leaves no partial file', async () => {
    const open = { uploadId: 'one' };
    const cases: Record<string, (host: FakeHost) => void> = {
      GUEST_DISK_FULL: (host) => {
        host.files.freeBytes = 2;
      },
      FILE_PERMISSION: (host) => {
        host.files.fail = (call) => (call === 'rename' ? 'EPERM' : undefined);
      },
      GUEST_IO: (host) => {
        host.files.fail = (call) => (call === 'rename' ? 'ETXTBSY' : undefined);
      },
    };
    for (const [reason, arrange] of Object.entries(cases)) {
      const { host, node } = await guest(arrange);
      assert.equal((await upload(node, open, 'long content')).reason, reason);
      assert.deepEqual([host.files.names('/tmp'), host.files.text('/tmp/f')], [['f'], 'old'], reason);
    }
    const { host, node } = await guest((each) => {
      each.files.freeBytes = 20;
    });
    assert.equal((await upload(node, { ...open, sizeBytes: 50n }, 'x')).reason, 'GUEST_DISK_FULL');
    assert.deepEqual(host.files.names('/tmp'), ['f']);
    assert.equal((await upload(node, { ...open, sizeBytes: 5n }, 'x')).reason, 'UPLOAD_GAP');
    assert.deepEqual(host.files.names('/tmp'), ['f']);
    const call = await node.open(
      write,
      { input: { case: 'open', value: { path: '/tmp/f', ...open } } },
      { more: true },
    );
    await call.send({ input: { case: 'chunk', value: { offset: 0n, data: bytesOf('begun') } } });
    await call.halfClose();
    assert.equal(call.reason, 'INVALID_ARGUMENT');
    assert.deepEqual([host.files.names('/tmp'), host.files.openCount], [['f'], 0]);
  });

  it('partial files are distinguished from the user’s files', async () => {
    const { host, node } = await guest((each) => {
      for (const name of ['.f.part', 'f.innkeeper-a.part', '.f.innkeeper-a b.part']) each.files.put(`/tmp/${name}`, '');
    });
    await host.clock.advance(48 * 3_600_000);
    await upload(node, {}, 'new');
    assert.equal(host.files.names('/tmp').length, 4);
  });

  it('names of partial files fit into 255 bytes', async () => {
    const { host, node } = await guest();
    await upload(node, { path: `/tmp/${'n'.repeat(250)}`, uploadId: 'u'.repeat(64) }, 'x', { cut: true });
    const longest = Math.max(...host.files.names('/tmp').map((name) => Buffer.byteLength(name)));
    assert.ok(longest > 100 && longest <= 255, `${longest}`);
  });
});
