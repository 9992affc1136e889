import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestScript } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { cleanUp, createTestVm } from './vm-state.ts';

const name = 'test-accounts';
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'B'.repeat(43)} me@host`;

describe('accounts of a guest with nothing but busybox', () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };

  const guest = (script: string): Promise<string> => guestScript(name, script, options);
  const withInput = (input: string, ...args: string[]) => inn(args, { ...options, input: Buffer.from(input) });

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 180_000);
  });

  after(() => cleanUp(daemon, [name]));

  it('a password from standard input has the hash of crypt(5)', async () => {
    const secret = 'pass:word with $ and ü';
    const { exitCode, stderr } = await withInput(`${secret}\n`, 'account', 'passwd', name, 'guest');
    assert.equal(exitCode, 0, stderr);
    const [line = ''] = (await guest('grep ^guest: /etc/shadow')).split('\n');
    const [, , salt = ''] = line.split('$');
    const argv = ['passwd', '-5', '-salt', salt, '-stdin'];
    const hash = execFileSync('openssl', argv, { encoding: 'utf8', input: secret });
    assert.equal(line.split(':')[1], hash.trim());
    assert.equal(await guest("stat -c %a /etc/shadow; ls -A /etc | grep -c 'innkeeper.' || true"), '600\n0\n');
  });

  it('a password with a line break sets no other account’s password', async () => {
    const before = await guest('cat /etc/shadow');
    const { exitCode, stderr } = await withInput('a\nroot:b\n', 'account', 'passwd', name, 'guest');
    assert.equal(exitCode, 2);
    assert.match(stderr, /without control characters/);
    assert.equal(await guest('cat /etc/shadow'), before);
  });

  it('an account is locked, unlocked and expired', async () => {
    const state = async (): Promise<string> =>
      /^guest .*$/m.exec(await innText(['account', 'ls', name], options))?.[0] ?? '';
    await innText(['account', 'lock', name, 'guest'], options);
    assert.match(await state(), / yes +locked /);
    await innText(['account', 'unlock', name, 'guest'], options);
    await innText(['account', 'expire', name, 'guest'], options);
    assert.match(await state(), / yes +expired /);
    assert.equal((await inn(['account', 'unlock', name, 'daemon'], options)).exitCode, 2);
  });

  it('SSH keys are in a block of a file that belongs to the user alone, and are removed again', async () => {
    await guest('mkdir -p /home/guest; chown 1000:1000 /home/guest');
    assert.equal((await withInput(`${key}\n`, 'ssh-key', 'add', name, 'guest', '-')).exitCode, 0);
    const file = '/home/guest/.ssh/authorized_keys';
    assert.equal(await guest(`stat -c "%u %g %a" /home/guest/.ssh ${file}`), '1000 1000 700\n1000 1000 600\n');
    await guest(`echo "ssh-rsa AAAAB3NzaC1yc2EAAAA own" >>${file}`);
    const listed = await innText(['ssh-key', 'ls', name, 'guest'], options);
    assert.match(listed, /^SHA256:\S+ +ssh-ed25519 +innkeeper +me@host$/m);
    assert.match(listed, / ssh-rsa +guest +own$/m);
    assert.equal((await inn(['ssh-key', 'rm', name, 'guest', 'own'], options)).exitCode, 5);
    await innText(['ssh-key', 'rm', name, 'guest', 'me@host'], options);
    assert.equal(await guest(`cat ${file}`), 'ssh-rsa AAAAB3NzaC1yc2EAAAA own\n');
  });

  it('links that the user placed are not followed', async () => {
    const add = () => withInput(`${key}\n`, 'ssh-key', 'add', name, 'guest', '-');
    await guest('rm -rf /home/guest/.ssh; ln -s /root /home/guest/.ssh');
    assert.match((await add()).stderr, /FILE_SYMLINK_REFUSED/);
    await guest('rm /home/guest/.ssh; mkdir /home/guest/.ssh; ln -s /etc/shadow /home/guest/.ssh/authorized_keys');
    const before = await guest('cat /etc/shadow');
    assert.match((await add()).stderr, /FILE_SYMLINK_REFUSED/);
    await guest('rm /home/guest/.ssh/authorized_keys; ln /etc/shadow /home/guest/.ssh/authorized_keys');
    assert.match((await add()).stderr, /FILE_PERMISSION/);
    await guest('rm /home/guest/.ssh/authorized_keys; mkfifo /home/guest/.ssh/authorized_keys');
    assert.match((await add()).stderr, /FILE_PERMISSION/);
    assert.equal(await guest('cat /etc/shadow; ls /root/authorized_keys 2>/dev/null || true'), before);
  });

  it('a time zone or locale that the guest does not have is refused', async () => {
    const { stderr } = await inn(
      ['guest', 'set', name, '--time-zone', 'Europe/Vienna', '--hostname', 'changed'],
      options,
    );
    assert.match(stderr, /has no "Europe\/Vienna"/);
    assert.equal(await guest('hostname'), `${name}\n`);
  });
});
