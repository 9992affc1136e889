import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TarParser } from '@innkeeper/tar';
import { FakeHost } from '../fake/index.ts';
import { TarTarget } from './tar-target.ts';

/** As Linux stores it: version 2, then tag, permissions and id of each entry, little-endian. */
function acl(...entries: readonly (readonly [number, number, number])[]): Buffer {
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2);
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + index * 8);
    value.writeUInt16LE(permissions, 6 + index * 8);
    value.writeUInt32LE(id, 8 + index * 8);
  }
  return value;
}

const none = 0xffff_ffff;
/** user::rw-, user:70001:r--, user:70002:rwx, group::r-x, group:70003:--x, mask::rwx, other::r--; no account has these. */
const full = acl(
  [1, 6, none],
  [2, 4, 70_001],
  [2, 7, 70_002],
  [4, 5, none],
  [8, 1, 70_003],
  [16, 7, none],
  [32, 4, none],
);

function block(name: string, flag: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write('0000644', 100);
  header.write(sizeBytes.toString(8).padStart(11, '0'), 124);
  header.write('00000000000', 136);
  header.write(`        ${flag}`, 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** An archive with one empty file that has this ACL in text form, as tar(1) writes it. */
function withAcl(text: string, kind = 'access'): Buffer {
  const rest = ` SCHILY.acl.${kind}=${text}\n`;
  const digits = [1, 2, 3, 4, 5].find((count) => `${rest.length + count}`.length === count) ?? 0;
  const record = Buffer.from(`${rest.length + digits}${rest}`);
  const padding = Buffer.alloc((512 - (record.length % 512)) % 512);
  return Buffer.concat([block('x', 'x', record.length), record, padding, block('file', '0', 0), Buffer.alloc(1024)]);
}

function unpack(archive: Uint8Array, keepOwners = true): { host: FakeHost; said: string[] } {
  const host = new FakeHost();
  host.files.putFolder('/to');
  const said: string[] = [];
  const onSkip = (what: string): number => said.push(what);
  const target = new TarTarget(host, host.files.openDirectory('/to', { noSymlinks: false }), { keepOwners, onSkip });
  try {
    const parser = new TarParser(target);
    parser.push(archive);
    parser.end();
  } finally {
    target.close();
  }
  return { host, said };
}

function kept(host: FakeHost): Record<string, string> {
  const { attributes } = host.files.tree.find('x', '/to/file', { follow: true });
  return Object.fromEntries([...attributes].map(([name, value]) => [name, Buffer.from(value).toString('hex')]));
}

describe('an ACL in text form in an archive', () => {
  it('with owners, an ACL with numbers becomes the attribute that Linux has, in the order that it demands', () => {
    const text =
      'other::r--\nuser::rw-\nuser:70002:rwx\nuser:ann:r--:70001\ngroup::r-x\nmask::rwx # x\ngroup:70003:--x\n';
    const { host, said } = unpack(withAcl(text));
    assert.deepEqual(said, []);
    assert.deepEqual(kept(host), { 'system.posix_acl_access': full.toString('hex') });
    const byDefault = unpack(withAcl('user::r-x,group::---,other::---', 'default'));
    assert.deepEqual(kept(byDefault.host), {
      'system.posix_acl_default': acl([1, 5, none], [4, 0, none], [32, 0, none]).toString('hex'),
    });
    assert.deepEqual(kept(unpack(withAcl(text), false).host), {});
  });

  it('an ACL that names users, or is malformed, is left out by name with what to do, and the file is kept', () => {
    const why = (text: string): string => {
      const { host, said } = unpack(withAcl(text));
      assert.deepEqual(kept(host), {});
      assert.equal(said.length, 1, text);
      return said[0] ?? '';
    };
    assert.equal(
      why('user::rw-,user:ann:r--,group::r--,mask::r--,other::---'),
      'file: its ACL names the user ann without a number: archive it with --xattrs --xattrs-include=* (named once)',
    );
    for (const text of ['x::rwx', 'mask:5:rwx', 'user:4294967296:r--', 'user::rwz', 'rwxr-xr-x'])
      assert.match(why(text), /^file: its ACL is malformed: /, text);
    assert.match(why('user:1:r--,'.repeat(1025)), /is malformed/);
  });

  it('the ACL that tar(1) writes of a file is read as the kernel has it', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-acl-'));
    try {
      const file = join(folder, 'file');
      writeFileSync(file, 'x');
      const set = `my $v = pack("H*", "${full.toString('hex')}"); my $p = "${file}\\0"; my $n = "system.posix_acl_access\\0";
        exit(syscall(${process.arch === 'arm64' ? 5 : 188}, $p, $n, $v, length $v, 0) == 0 ? 0 : 1)`;
      try {
        execFileSync('perl', ['-e', set]);
      } catch {
        return t.skip('this file system has no ACLs');
      }
      const archive = execFileSync('tar', ['--acls', '--format=pax', '-C', folder, '-cf', '-', 'file']);
      assert.ok(archive.includes('SCHILY.acl.access=user::rw-'));
      const { host, said } = unpack(archive);
      assert.deepEqual([said, kept(host)], [[], { 'system.posix_acl_access': full.toString('hex') }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
