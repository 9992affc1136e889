import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { parseCommandLine } from '../../main/command-line.ts';
import { startDaemon } from '../../main/daemon.ts';
import { assertUsable } from './usable-path.ts';

/** What stands where a file of the daemon's should be, and what it says. */
const wrong: readonly (readonly [string, (path: string) => unknown, RegExp, RegExp])[] = [
  [
    'a symbolic link to nothing',
    (path) => symlink('/mnt/gone/it', path),
    /is a symbolic link to \/mnt\/gone\/it, which does not exist/,
    /Put back or mount what the link points to, or remove the link/,
  ],
  ['a symbolic link to itself', (path) => symlink(path, path), /cannot be looked at: ELOOP/, /Choose a folder/],
  ['a folder', (path) => mkdir(path), /is not a regular file but a folder/, /Move it away/],
  ['a FIFO', (path) => execFileSync('mkfifo', [path]), /is not a regular file but a FIFO/, /Move it away/],
];

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'innkeeper-usable-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe('a daemon that finds something else in the place of a file of its own', { timeout: 60_000 }, () => {
  for (const name of ['innkeeper.db', 'innkeeper.db-wal', 'lock', 'lock.pid', 'folder-id', 'guest-port'])
    for (const [what, make, message, nextStep] of wrong)
      it(`says what it is and what to do: ${what} as ${name}`, async () => {
        await using at = await folder();
        const path = join(at.path, name);
        await make(path);
        const settings = parseCommandLine(['serve', '--data', at.path, '--listen', 'none'], {}) ?? assert.fail();
        await assert.rejects(
          startDaemon(settings, silentLog),
          (error: Error & { reason?: string; nextStep?: string }) => {
            assert.equal(error.reason, 'DATA_FOLDER_UNUSABLE');
            assert.ok(error.message.includes(path), error.message);
            assert.match(error.message, message);
            assert.match(error.nextStep ?? '', nextStep);
            return true;
          },
        );
      });

  for (const name of ['images', 'vms', 'run', 'cache', 'tls'])
    it(`says what it is and what to do: a symbolic link to nothing, or a file, as the folder ${name}`, async () => {
      await using at = await folder();
      const settings = parseCommandLine(['serve', '--data', at.path, '--listen', 'none'], {}) ?? assert.fail();
      const path = join(at.path, name);
      await symlink('/mnt/gone', path);
      await assert.rejects(startDaemon(settings, silentLog), { message: /a symbolic link to \/mnt\/gone/ });
      await rm(path);
      await writeFile(path, '');
      await assert.rejects(startDaemon(settings, silentLog), { message: /is not a folder but a file/ });
    });

  it('says it of the database that DATABASE_URL names as well', async () => {
    await using at = await folder();
    const path = join(at.path, 'other.db');
    await symlink('/mnt/gone/db', path);
    const environment = { DATABASE_URL: path };
    const settings = parseCommandLine(['serve', '--data', join(at.path, 'data'), '--listen', 'none'], environment);
    await assert.rejects(startDaemon(settings ?? assert.fail(), silentLog), {
      message: /symbolic link to \/mnt\/gone\/db/,
    });
  });
});

describe('assertUsable()', () => {
  it('says whose a file is that this user may not read or write, and how to change that', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('becoming another user needs root');
    await using at = await folder();
    const path = join(at.path, 'innkeeper.db');
    await writeFile(path, '', { mode: 0o600 });
    execFileSync('chmod', ['755', at.path]);
    const module = join(import.meta.dirname, 'usable-path.ts');
    const script = `
      const { assertUsable } = await import(process.argv[1]);
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      try { assertUsable(process.argv[2], 'file'); } catch (error) { console.log(error.message, error.nextStep); }`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, module, path], {
      encoding: 'utf8',
    });
    assert.match(
      stdout,
      /This user \(uid 65534\) may not read and write .*innkeeper\.db, which belongs to uid 0 \(mode 0600\)/,
    );
    assert.match(stdout, /Run the daemon as the user that owns it/);
    assertUsable(path, 'file');
    assertUsable(join(at.path, 'missing'), 'file');
  });
});
