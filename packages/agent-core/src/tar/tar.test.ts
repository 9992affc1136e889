import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TarParser } from '@innkeeper/tar';
import { FakeHost } from '../fake/index.ts';
import { TarSource, type TarSourceOptions } from './tar-source.ts';
import { TarTarget } from './tar-target.ts';

function pack(
  host: FakeHost,
  path: string,
  step = 100,
  options: Partial<TarSourceOptions> = {},
): { archive: Uint8Array; skipped: readonly string[] } {
  const slash = path.lastIndexOf('/');
  const folder = host.files.openDirectory(slash === 0 ? '/' : path.slice(0, slash), { noSymlinks: false });
  const source = new TarSource(host, folder, {
    entry: path.slice(slash + 1),
    name: path.slice(slash + 1),
    above: path.slice(0, slash),
    sparse: true,
    attributes: true,
    nameSkipped: false,
    ...options,
  });
  const parts: Uint8Array[] = [];
  for (;;) {
    const into = new Uint8Array(step);
    const count = source.fill(into);
    if (count === 0) break;
    parts.push(into.subarray(0, count));
  }
  source.close();
  folder.close();
  return { archive: Buffer.concat(parts), skipped: source.skipped };
}

function unpack(host: FakeHost, path: string, archive: Uint8Array, step = archive.length): TarTarget {
  host.files.putFolder(path);
  const target = new TarTarget(host, host.files.openDirectory(path, { noSymlinks: false }), { keepOwners: false });
  try {
    const parser = new TarParser(target);
    for (let at = 0; at < archive.length; at += step) parser.push(archive.subarray(at, at + step));
    parser.end();
  } finally {
    target.close();
  }
  return target;
}

/** Created by GNU tar, an independent implementation. */
function gnuTar(arrange: (folder: string) => void, ...options: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-tar-'));
  try {
    arrange(folder);
    return execFileSync('tar', ['-C', folder, ...options, '-cf', '-', '.']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A hand-made ustar header. */
function named(name: string, type = '0', linkTarget = '', size = 0): Buffer {
  const block = Buffer.alloc(512);
  block.write(name);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(type, 156);
  block.write(linkTarget, 157);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
  return block;
}

const end = Buffer.alloc(1024);

function content(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
}

/** An extended header. */
function pax(records: Readonly<Record<string, string>>): Buffer {
  const text = Object.entries(records)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      const length = rest.length + 2;
      return length > 99 ? `${length + 1}${rest}` : `${length}${rest}`;
    })
    .join('');
  return Buffer.concat([named('pax', 'x', '', text.length), content(text)]);
}

const long = `${'long-name-'.repeat(24)}ü`;

describe('an archive that is made', () => {
  it('an archive is readable by tar(1): files, links, long names and contents', () => {
    const host = new FakeHost();
    host.files.put('/d/small', 'hello', { mode: 0o640 });
    host.files.put(`/d/${long}/deep`, 'x'.repeat(100_000));
    host.files.putLink('/d/link', 'small');
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-tar-'));
    try {
      execFileSync('tar', ['-C', folder, '-xf', '-'], { input: pack(host, '/d').archive });
      assert.equal(readFileSync(join(folder, 'd', 'link'), 'utf8'), 'hello');
      assert.equal(readFileSync(join(folder, 'd', long, 'deep'), 'utf8').length, 100_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.equal(host.files.openCount, 0);
  });

  it('an archive is the same whatever the size of the reads', () => {
    const host = new FakeHost();
    for (let index = 0; index < 20; index++) host.files.put(`/d/${index}`, 'y'.repeat(index * 97));
    const whole = pack(host, '/d', 1_000_000).archive;
    for (const step of [1, 7, 512, 513]) assert.deepEqual(pack(host, '/d', step).archive, whole);
  });

  it('an archive reports what it left out', () => {
    const host = new FakeHost();
    host.files.put('/d/file');
    host.files.putSpecial('/d/pipe', 'fifo');
    assert.deepEqual(pack(host, '/d').skipped, ['d/pipe: is a fifo']);
  });
});

it('an archive names 99 entries that it left out, and counts the others', () => {
  const host = new FakeHost();
  host.files.put('/d/last', 'whole');
  for (let index = 0; index < 331; index++) host.files.put(`/d/f${index}`, 'x');
  host.files.fail = (call, path) => (call === 'open' && /^f\d+$/.test(path) ? 'EACCES' : undefined);
  const { archive, skipped } = pack(host, '/d', 1000);
  assert.equal(skipped.length, 100);
  assert.equal(skipped[0], 'd/f0: could not be read: EACCES');
  assert.equal(skipped[99], '232 more entries');
  assert.equal(archive.length, 4 * 512 + 1024 - 512);
  assert.equal(host.files.openCount, 0);
});

it('a file whose size is only known at its end is packed whole, and one without an end is left out', () => {
  const host = new FakeHost();
  const long = 'z'.repeat(1024 * 1024);
  host.files.put('/d/proc', () => 'a value\n');
  host.files.put('/d/long', () => long);
  host.files.put('/d/endless', () => `${long}z`);
  host.files.put('/d/empty', '');
  const { archive, skipped } = pack(host, '/d', 5000);
  assert.deepEqual(skipped, ['d/endless: has no true size, and more than 1048576 bytes']);
  const sizes = execFileSync('tar', ['-tvf', '-'], { input: archive }).toString();
  assert.deepEqual(
    sizes.split('\n').flatMap(
      (line) =>
        line
          .match(/ (\d+) .* (d\/\w+)$/)
          ?.slice(1)
          .join(' ') ?? [],
    ),
    ['8 d/proc', '1048576 d/long', '0 d/empty'],
  );
});

it('a folder that cannot be listed to its end is named, and the rest of the tree is packed', () => {
  const host = new FakeHost();
  host.files.put('/d/bad/x', '');
  host.files.put('/d/good', '');
  let lists = 0;
  host.files.fail = (call) => (call === 'getdents' && ++lists === 2 ? 'EINVAL' : undefined);
  const { archive, skipped } = pack(host, '/d');
  assert.deepEqual(skipped, ['d/bad: could not be listed: EINVAL']);
  assert.equal(execFileSync('tar', ['-tf', '-'], { input: archive }).toString(), 'd/\nd/bad/\nd/good\n');
});

describe('an archive that is unpacked', () => {
  it('unpacking restores what was packed, whatever the size of the chunks', () => {
    const host = new FakeHost();
    host.files.put('/d/in/file', 'content', { mode: 0o604 });
    host.files.put(`/d/${long}`, 'z'.repeat(3000));
    host.files.putLink('/d/link', 'in/file');
    const { archive } = pack(host, '/d');
    for (const step of [1, 511, 512, 100_000]) {
      const target = unpack(host, `/to${step}`, archive, step);
      assert.equal(target.files, 5);
      assert.equal(host.files.text(`/to${step}/d/in/file`), 'content');
      assert.equal(host.files.stat(`/to${step}/d/in/file`, false).mode, 0o604);
      assert.equal(host.files.text(`/to${step}/d/${long}`).length, 3000);
      assert.equal(host.files.readLink(`/to${step}/d/link`), 'in/file');
    }
    assert.equal(host.files.openCount, 0);
  });

  it('unpacking accepts every format of GNU tar', () => {
    for (const format of ['gnu', 'ustar', 'pax', 'v7']) {
      const host = new FakeHost();
      const name = format === 'gnu' || format === 'pax' ? long : 'short';
      const archive = gnuTar((folder) => {
        writeFileSync(join(folder, name), 'content');
        symlinkSync(name, join(folder, 'link'));
      }, `--format=${format}`);
      unpack(host, '/to', archive);
      assert.equal(host.files.text(`/to/${name}`), 'content', format);
      assert.equal(host.files.text('/to/link'), 'content', format);
    }
  });

  it('unpacking never leaves the directory through a link in the archive', () => {
    const host = new FakeHost();
    host.files.put('/secret/file', 'mine');
    const hostile = new FakeHost();
    hostile.files.put('/first/x');
    hostile.files.remove('/first/x');
    hostile.files.remove('/first');
    hostile.files.putLink('/first', '/secret');
    const other = new FakeHost();
    other.files.put('/first/file', 'theirs');
    const link = pack(hostile, '/first').archive.subarray(0, 512);
    const archive = Buffer.concat([link, pack(other, '/first').archive.subarray(512)]);
    assert.throws(() => unpack(host, '/to', archive), { reason: 'FILE_SYMLINK_REFUSED' });
    assert.equal(host.files.text('/secret/file'), 'mine');
    assert.deepEqual(host.files.names('/to'), ['first']);
  });

  it('unpacking never leaves the directory through "..", an absolute name, or a hard link', () => {
    const host = new FakeHost();
    host.files.put('/etc/shadow', 'secret');
    assert.throws(() => unpack(host, '/to', named('../../etc/shadow')), { reason: 'INVALID_ARGUMENT' });
    assert.throws(() => unpack(host, '/to', named('x', '1', '../etc/shadow')), { reason: 'INVALID_ARGUMENT' });
    const { skipped } = unpack(host, '/to', Buffer.concat([named('x', '1', '/etc/shadow'), end]));
    assert.deepEqual(skipped, ['x: could not be created: ENOENT']);
    unpack(host, '/to', Buffer.concat([named('/etc/shadow'), end]));
    assert.equal(host.files.text('/etc/shadow'), 'secret');
    assert.equal(host.files.text('/to/etc/shadow'), '');
  });

  it('unpacking replaces a link with the file, not the link’s target', () => {
    const host = new FakeHost();
    host.files.put('/secret', 'mine');
    host.files.put('/d/file', 'new');
    host.files.put('/to/d/x');
    host.files.putLink('/to/d/file', '/secret');
    unpack(host, '/to', pack(host, '/d').archive);
    assert.equal(host.files.text('/secret'), 'mine');
    assert.equal(host.files.text('/to/d/file'), 'new');
  });

  it('an interrupted unpack leaves no partial file', () => {
    const host = new FakeHost();
    host.files.put('/d/file', 'x'.repeat(5000));
    const { archive } = pack(host, '/d');
    for (let at = 1; at < archive.length - 1024; at += 111) {
      const fresh = new FakeHost();
      try {
        unpack(fresh, '/to', archive.subarray(0, at));
      } catch {
        // Aborted in the middle of an entry, as intended here.
      }
      const names = fresh.files.exists('/to/d') ? fresh.files.names('/to/d') : [];
      assert.ok(names.length === 0 || fresh.files.text('/to/d/file').length === 5000, `${at}: ${names}`);
      assert.equal(fresh.files.openCount, 0);
    }
  });

  it('unpacking leaves out what the file system refuses, by name, and creates the rest', () => {
    const host = new FakeHost();
    host.files.put('/to/file/in/the/way');
    host.files.put('/to/plain', '');
    const parts = [named('file', '0', '', 5), content('hello'), named('plain/child'), named('bad', '0', '', 3)];
    host.files.fail = (call, path) => (call === 'rename' && path === 'x' ? 'EPERM' : undefined);
    const archive = Buffer.concat([...parts, content('bad'), named('plain', '5'), named('after'), end]);
    const target = unpack(host, '/to', archive);
    assert.deepEqual(target.skipped, [
      'file: could not be created: EISDIR',
      'plain/child: could not be created: ENOTDIR',
      'plain: could not be created: EEXIST',
    ]);
    assert.deepEqual(host.files.names('/to'), ['after', 'bad', 'file', 'plain']);
    assert.equal(host.files.openCount, 0);
    host.files.freeBytes = 2;
    const large = Buffer.concat([named('large', '0', '', 5), content('hello'), end]);
    assert.throws(() => unpack(host, '/to', large), { errno: 'ENOSPC' });
    assert.deepEqual(host.files.names('/to'), ['after', 'bad', 'file', 'plain']);
    const many = Array.from({ length: 150 }, (_, index) => named(`plain/${index}`));
    const { skipped } = unpack(host, '/to', Buffer.concat([...many, end]));
    assert.deepEqual([skipped.length, skipped[99]], [100, '51 more entries']);
  });

  it('a truncated archive is refused, also between two entries', () => {
    const host = new FakeHost();
    assert.throws(() => unpack(host, '/to', named('file')), { message: /it is truncated/ });
    assert.throws(() => unpack(host, '/to', Buffer.alloc(0)), { message: /it is truncated/ });
    assert.throws(() => unpack(host, '/to', named('file', '0', '', 600)), { message: /it is truncated/ });
  });

  it('unpacking creates hard links to files of the archive only', () => {
    const host = new FakeHost();
    const links = Array.from({ length: 300 }, (_, index) => named(`d/l${index}`, '1', 'd/file'));
    const first = Buffer.concat([named('d/file', '0', '', 5), content('hello')]);
    assert.equal(unpack(host, '/to', Buffer.concat([first, ...links, end])).files, 301);
    assert.equal(host.files.text('/to/d/l299'), 'hello');
    assert.equal(host.files.stat('/to/d/l0', false).inode, host.files.stat('/to/d/file', false).inode);
    const toLink = [named('s', '2', '/etc/shadow'), named('h', '1', 's'), end];
    assert.throws(() => unpack(host, '/to', Buffer.concat(toLink)), { message: /is not a regular file/ });
    assert.deepEqual(host.files.names('/to'), ['d', 's']);
  });

  it('unpacking handles endless extended headers in bounded memory, and times of all kinds', () => {
    const host = new FakeHost();
    const records = Object.fromEntries(
      Array.from({ length: 900 }, (_, index) => [`SCHILY.xattr.${index}`, 'x'.repeat(9)]),
    );
    const bomb = Array.from({ length: 50 }, () => pax(records));
    for (const mtime of ['-5', '1e30', '1700000000.123456789'])
      unpack(host, '/to', Buffer.concat([...bomb, pax({ mtime }), named('file'), end]));
    assert.equal(host.files.stat('/to/file', false).modifiedNs, 1_700_000_000_123_456_789n);
    assert.throws(() => unpack(host, '/to', Buffer.concat([pax({ size: '-1' }), named('file'), end])), {
      name: 'MalformedTarError',
    });
  });

  it('unpacking skips sparse files in forms other than that of GNU tar 1.0, and names them', () => {
    const host = new FakeHost();
    const sparse = [pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'big' }), named('x', '0', '', 3), content('map')];
    const { skipped } = unpack(host, '/to', Buffer.concat([...sparse, named('after'), end]));
    assert.deepEqual(skipped, ['big: a sparse file in a form that is not supported']);
    assert.deepEqual(host.files.names('/to'), ['after']);
  });

  it('unpacking refuses garbage, and headers that claim much memory', () => {
    const host = new FakeHost();
    assert.throws(() => unpack(host, '/to', Buffer.alloc(512, 7)), { name: 'MalformedTarError' });
    const huge = pack(host, '/to').archive.slice(0, 512);
    huge.set(Buffer.from('x'), 156);
    huge.set(Buffer.from('77777777777'), 124);
    huge.fill(32, 148, 156);
    const sum = huge.reduce((total, byte) => total + byte, 0);
    huge.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0`), 148);
    assert.throws(() => unpack(host, '/to', huge), { message: /too long/ });
  });
});
