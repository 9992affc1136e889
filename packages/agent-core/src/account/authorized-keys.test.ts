import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AccountServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const { changeKeys, listKeys } = AccountServiceLite;
const path = '/home/ana/.ssh/authorized_keys';
const blob = (letter: string): string => `AAAAC3NzaC1lZDI1NTE5${letter.repeat(12)}`;
const key = (letter: string, comment = 'me@host'): string => `ssh-ed25519 ${blob(letter)} ${comment}`;

function guest(): FakeHost {
  const host = new FakeHost();
  host.files.putFolder('/home/ana', { uid: 1000 });
  return host;
}

async function change(host: FakeHost, add: string[], remove: string[] = []) {
  const { node } = await startFakeAgent(host);
  const call = await node.open(changeKeys, { user: 'ana', add, remove });
  assert.equal(host.files.openCount, 0);
  return { reason: call.reason, keys: call.messages[0]?.keys ?? [] };
}

describe('SSH keys', () => {
  it('the first key makes the folder and the file, which belong to the user alone', async () => {
    const host = guest();
    assert.equal((await change(host, [key('a')])).reason, '');
    const facts = [path, '/home/ana/.ssh'].map((each) => host.files.stat(each, false));
    assert.deepEqual(
      facts.map(({ uid, gid, mode }) => [uid, gid, mode & 0o7777]),
      [
        [1000, 1000, 0o600],
        [1000, 1000, 0o700],
      ],
    );
    assert.match(host.files.text(path), /^# innkeeper: .*begin\nssh-ed25519 \S+ me@host\n# innkeeper: .*end\n$/);
  });

  it('lines outside the block stay, a key is added once, and only keys of the block are removed', async () => {
    const host = guest();
    const own = `# mine\n\nfrom="10.0.0.1" ${key('o')}\n`;
    host.files.put(path, own, { uid: 1000 });
    await change(host, [key('a'), key('b')]);
    const { keys } = await change(host, [key('a', 'renamed')], [blob('b'), blob('o')]);
    assert.deepEqual(
      keys.map(({ line, managed }) => [line, managed]),
      [
        [key('a', 'renamed'), true],
        [`from="10.0.0.1" ${key('o')}`, false],
      ],
    );
    assert.ok(host.files.text(path).startsWith(own));
    assert.deepEqual((await change(host, [], [blob('a')])).keys.length, 1);
    assert.equal(host.files.text(path), own);
  });

  it('with whole_file lines are added and removed by their text, comments stay, and reset removes all keys', async () => {
    const host = guest();
    host.files.put(path, `# mine\n${key('o')}\n`, { uid: 1000 });
    const { node } = await startFakeAgent(host);
    const options = 'no-pty ssh-ed25519 AAAA';
    const changed = await node.open(changeKeys, { user: 'ana', wholeFile: true, add: [options, key('o'), options] });
    assert.deepEqual(
      changed.messages[0]?.keys.map(({ line }) => line),
      [key('o'), options],
    );
    await node.open(changeKeys, { user: 'ana', wholeFile: true, remove: [key('o')] });
    assert.equal(host.files.text(path), `# mine\n${options}\n`);
    await node.open(changeKeys, { user: 'ana', wholeFile: true, reset: true, add: [key('n')] });
    assert.equal(host.files.text(path), `# mine\n${key('n')}\n`);
    for (const line of ['# comment', '', `${key('a')}\n${key('b')}`])
      assert.equal(
        (await node.open(changeKeys, { user: 'ana', wholeFile: true, add: [line] })).reason,
        'INVALID_ARGUMENT',
      );
  });

  it('a file whose last line has no end, and half a block, are not damaged', async () => {
    const host = guest();
    host.files.put(path, `# innkeeper: managed keys, begin\n${key('o')}`, { uid: 1000 });
    const { keys } = await change(host, [key('a')]);
    assert.deepEqual(
      keys.map(({ managed }) => managed),
      [true, false],
    );
  });

  it('what is not one line of a key is refused, and nothing is written', async () => {
    for (const add of [
      [''],
      ['ssh-ed25519'],
      [`${key('a')}\nssh-ed25519 ${blob('b')}`],
      [`command="reboot" ${key('a')}`],
      [`ssh-ed25519 ${blob('a')} x\u0000y`],
      [`ssh-ed25519 ${blob('a')} ${'x'.repeat(5000)}`],
      ['# comment'],
      Array<string>(65).fill(key('a')),
    ]) {
      const host = guest();
      assert.equal((await change(host, add)).reason, 'INVALID_ARGUMENT', JSON.stringify(add).slice(0, 60));
      assert.ok(!host.files.exists('/home/ana/.ssh'));
    }
  });

  it('links are not followed, and files of others and special files are not read or replaced', async () => {
    const prepare: readonly (readonly [string, (host: FakeHost) => void])[] = [
      ['FILE_SYMLINK_REFUSED', (host) => host.files.putLink('/home/ana/.ssh', '/root')],
      [
        'FILE_SYMLINK_REFUSED',
        (host) => {
          host.files.putFolder('/home/ana/.ssh');
          host.files.putLink(path, '/etc/shadow');
        },
      ],
      // As a hard link to it.
      ['FILE_PERMISSION', (host) => host.files.put(path, 'root:$5$secret', { uid: 0, mode: 0o640 })],
      [
        'FILE_PERMISSION',
        (host) => {
          host.files.putFolder('/home/ana/.ssh');
          host.files.putSpecial(path, 'fifo');
        },
      ],
      ['FILE_NOT_DIRECTORY', (host) => host.files.put('/home/ana/.ssh', 'x')],
    ];
    for (const [reason, make] of prepare) {
      const host = guest();
      make(host);
      assert.equal((await change(host, [key('a')])).reason, reason);
      const { node } = await startFakeAgent(host);
      assert.equal((await node.open(listKeys, { user: 'ana' })).reason, reason);
    }
  });

  it('a marker of the block that was left alone swallows no keys of others', async () => {
    const host = guest();
    const [begin, end] = ['# innkeeper: managed keys, begin', '# innkeeper: managed keys, end'];
    host.files.put(path, [begin, end, begin, key('o'), ''].join('\n'), { uid: 1000 });
    await change(host, [key('a')]);
    const { keys } = await change(host, [key('b')]);
    assert.deepEqual(keys.map(({ line }) => line).sort(), [key('a'), key('b'), key('o')]);
  });

  it('a home behind a link is used only if it is the user’s own', async () => {
    for (const [uid, reason] of [
      [1000, ''],
      [0, 'FILE_SYMLINK_REFUSED'],
    ] as const) {
      const host = new FakeHost();
      host.files.remove('/home/ana');
      host.files.putFolder('/srv/ana', { uid });
      host.files.putLink('/home/ana', '/srv/ana');
      assert.equal((await change(host, [key('a')])).reason, reason);
    }
  });

  it('a guest whose user has no keys lists none, and makes nothing', async () => {
    const host = guest();
    const { node } = await startFakeAgent(host);
    assert.deepEqual((await node.open(listKeys, { user: 'ana' })).messages[0]?.keys, []);
    assert.equal((await change(host, [], [blob('a')])).reason, '');
    assert.ok(!host.files.exists('/home/ana/.ssh'));
    assert.equal((await node.open(listKeys, { user: 'none' })).reason, 'USER_NOT_FOUND');
  });
});
