import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { isMalformedTarError, safeTar, TarParser } from '@innkeeper/tar';
import { FakeHost } from '../fake/index.ts';
import { TarSource, type TarSourceOptions } from './tar-source.ts';
import { TarTarget } from './tar-target.ts';

function pack(host: FakeHost, options: Partial<TarSourceOptions> = {}): { archive: Buffer; skipped: string[] } {
  const folder = host.files.openDirectory('/', { noSymlinks: false });
  const plain = { entry: 'd', name: 'd', above: '', sparse: true, attributes: true, nameSkipped: false };
  const source = new TarSource(host, folder, { ...plain, ...options });
  const parts: Uint8Array[] = [];
  for (;;) {
    const into = new Uint8Array(700);
    const count = source.fill(into);
    if (count === 0) break;
    parts.push(into.subarray(0, count));
  }
  source.close();
  folder.close();
  assert.equal(host.files.openCount, 0);
  return { archive: Buffer.concat(parts), skipped: source.skipped };
}

function unpack(host: FakeHost, archive: Uint8Array, keepOwners = false): string[] {
  host.files.putFolder('/to');
  const said: string[] = [];
  const onSkip = (what: string): number => said.push(what);
  const target = new TarTarget(host, host.files.openDirectory('/to', { noSymlinks: false }), { keepOwners, onSkip });
  try {
    const parser = new TarParser(target);
    for (let at = 0; at < archive.length; at += 777) parser.push(archive.subarray(at, at + 777));
    parser.end();
  } finally {
    target.close();
  }
  assert.equal(host.files.openCount, 0);
  return said;
}

describe('what a copy of a tree keeps', () => {
  it('keeps times of files, folders and links to the nanosecond, also before 1970', () => {
    const host = new FakeHost();
    const [file, folder, link] = [1_700_000_000_123_456_789n, -1_500_000_000n, 1_600_000_000_000_000_001n];
    host.files.putFolder('/d', { modifiedNs: folder });
    host.files.putFolder('/d/in', { modifiedNs: folder });
    host.files.put('/d/in/file', 'x', { modifiedNs: file });
    host.files.putLink('/d/link', 'in/file', link);
    const { archive } = pack(host);
    const times = execFileSync('tar', ['--full-time', '--utc', '-tvf', '-'], { input: archive }).toString();
    assert.match(times, /2023-11-14 22:13:20\.123456789 d\/in\/file/);
    // GNU tar 1.34 itself reads "-1.5", which it writes too, as -0.5.
    assert.match(times, /1969-12-31 23:59:5[89]\.5\d* d\/\n/);
    unpack(host, archive);
    const modified = (path: string): bigint => host.files.stat(path, false).modifiedNs;
    assert.deepEqual(['/to/d', '/to/d/in', '/to/d/in/file', '/to/d/link'].map(modified), [folder, folder, file, link]);
  });

  it('a sticky folder stays sticky, and a file loses set-user-id without owners', () => {
    const host = new FakeHost();
    host.files.putFolder('/d', { mode: 0o1777 });
    host.files.put('/d/program', 'x', { mode: 0o4755 });
    const { archive } = pack(host);
    unpack(host, archive);
    assert.equal(host.files.stat('/to/d', false).mode, 0o1777);
    assert.equal(host.files.stat('/to/d/program', false).mode, 0o755);
  });

  it('hard links in the tree stay hard links, and a file with names elsewhere is a file', () => {
    const host = new FakeHost();
    host.files.put('/d/a/file', 'x'.repeat(5000));
    host.files.put('/d/other', 'y');
    const [folder, root] = ['/d/a', '/'].map((path) => host.files.openDirectory(path, { noSymlinks: false }));
    assert.ok(folder !== undefined && root !== undefined);
    folder.link('file', folder, 'second');
    folder.link('file', root, 'third');
    for (const each of [folder, root]) each.close();
    const { archive } = pack(host);
    assert.ok(archive.length < 2 * 5000 + 2048);
    const listed = execFileSync('tar', ['-tvf', '-'], { input: archive }).toString();
    assert.match(listed, /d\/a\/second link to d\/a\/file/);
    unpack(host, archive);
    assert.equal(host.files.text('/to/d/a/second').length, 5000);
    const inode = (path: string): number => host.files.stat(path, false).inode;
    assert.equal(inode('/to/d/a/second'), inode('/to/d/a/file'));
    assert.equal(host.files.stat('/to/d/a/file', false).linkCount, 2);
  });

  it('holes of a sparse file are not sent to who understands them, and are zeros for others', () => {
    const host = new FakeHost();
    const content = new Uint8Array(3_000_001);
    content.fill(1, 8192, 8200);
    content.fill(2, 1_000_000, 1_004_000);
    host.files.put('/d/file', content, { hasHoles: true });
    const hole = new Uint8Array(10_000_000);
    host.files.put('/d/hole', hole, { hasHoles: true });
    const { archive } = pack(host);
    assert.ok(archive.length < 30_000, `${archive.length}`);
    const listed = execFileSync('tar', ['-tvf', '-'], { input: archive }).toString();
    assert.match(listed, / 3000001 .* d\/file\n.* 10000000 .* d\/hole\n/);
    unpack(host, archive);
    assert.deepEqual(Buffer.compare(host.files.bytes('/to/d/file'), content), 0);
    assert.deepEqual(Buffer.compare(host.files.bytes('/to/d/hole'), hole), 0);
    const plain = pack(host, { sparse: false }).archive;
    assert.ok(plain.length > 13_000_000);
    assert.ok(!plain.includes('GNU.sparse'));
  });

  it('with owners, keeps attributes of programs, capabilities and ACLs, of files and folders, and no others', () => {
    const host = new FakeHost();
    host.files.put('/d/file', 'x');
    const bytes = new Uint8Array([0, 10, 61, 255]);
    const set = (path: string, name: string, value: Uint8Array): void => {
      const slash = path.lastIndexOf('/');
      const folder = host.files.openDirectory(path.slice(0, slash) || '/', { noSymlinks: false });
      const options = { access: 'read', create: false, exclusive: false, truncate: false, append: false } as const;
      const more = { mode: 0, noSymlinks: false, nonBlocking: true };
      const handle = folder.openFile(path.slice(slash + 1), { ...options, ...more });
      host.files.setAttribute(handle, name, value);
      handle.close();
      folder.close();
    };
    const names = ['user.a=b%', 'security.capability', 'security.selinux', 'trusted.overlay.redirect'];
    for (const name of names) set('/d/file', name, bytes);
    set('/d', 'system.posix_acl_default', bytes);
    const { archive } = pack(host);
    assert.ok(!archive.includes('trusted.') && !archive.includes('selinux'));
    const kept = (path: string): string[] => [...host.files.tree.find('x', path, { follow: true }).attributes.keys()];
    assert.deepEqual(unpack(host, archive, true), []);
    assert.deepEqual(kept('/to/d/file'), ['user.a=b%', 'security.capability']);
    assert.deepEqual(kept('/to/d'), ['system.posix_acl_default']);
    host.files.remove('/to/d');
    unpack(host, archive, false);
    assert.deepEqual(kept('/to/d/file'), []);
    assert.ok(!pack(host, { attributes: false }).archive.includes('SCHILY'));
    set('/d/file', 'user.large', new Uint8Array(50_000));
    const { skipped } = pack(host);
    assert.deepEqual(skipped, ['d/file: its attribute user.large is too large for an archive']);
    host.files.fail = (call) => (call === 'fsetxattr' ? 'EOPNOTSUPP' : undefined);
    for (const name of ['e', 'f']) host.files.put(`/d/${name}`, '');
    for (const name of ['e', 'f'])
      host.files.tree.find('x', `/d/${name}`, { follow: true }).attributes.set('user.x', bytes);
    const said = unpack(host, pack(host).archive, true).filter((what) => what.includes('user.x'));
    assert.equal(said.length, 1, 'each attribute is named once');
  });

  it('every entry that is left out is named in the archive when asked, and the daemon passes the names on', async () => {
    const host = new FakeHost();
    host.files.put('/d/last', 'whole');
    for (let index = 0; index < 331; index++) host.files.put(`/d/f${index}`, 'x');
    for (let index = 0; index < 30; index++) host.files.putSpecial(`/d/s${index}`, 'socket');
    host.files.fail = (call, path) => (call === 'open' && /^f\d+$/.test(path) ? 'EACCES' : undefined);
    const { archive, skipped } = pack(host, { nameSkipped: true });
    assert.equal(skipped.length, 100);
    const named: string[] = [];
    async function* chunks() {
      yield archive;
    }
    const leftOut = (what: string): number => named.push(what);
    const pieces: Uint8Array[] = [];
    const names = { sent: ['d'], as: 'd' };
    for await (const piece of safeTar(chunks(), names, { leftOut })) pieces.push(piece);
    assert.equal(named.length, 361);
    assert.equal(named[330], 'd/f330: could not be read: EACCES');
    assert.equal(named.at(-1), 'd/s29: is a socket');
    // tar(1) reads both, without a word.
    for (const input of [archive, Buffer.concat(pieces)])
      assert.equal(execFileSync('tar', ['-tf', '-'], { input, stdio: 'pipe' }).toString(), 'd/\nd/last\n');
  });

  it('a sparse map that lies is refused', () => {
    const host = new FakeHost();
    const content = new Uint8Array(100_000);
    content[50_000] = 1;
    host.files.put('/d/file', content, { hasHoles: true });
    const { archive } = pack(host);
    const at = archive.indexOf('\n4096\n100000\n');
    assert.ok(at > 0);
    for (const lie of ['\n9999\n100000\n', '\n4096\n000000\n', '\n409a\n100000\n', '\n4096\n999999\n']) {
      const changed = Buffer.from(archive);
      changed.write(lie, at);
      assert.throws(() => unpack(new FakeHost(), changed), isMalformedTarError, lie);
    }
  });
});
