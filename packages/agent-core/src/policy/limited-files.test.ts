import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileServiceLite, TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeHost } from '../fake/fake-host.ts';
import { startLimitedAgent } from '../fake/limited-agent.ts';
import { settle } from '../fake/manual-clock.ts';
import { openOptions } from '../file/open-options.ts';
import { limitedFiles } from './limited-files.ts';

const denied = 'DENIED_BY_GUEST_POLICY';
const { stat, list, read, write, makeDirectory, rename, remove, setMode, setOwner, watch } = FileServiceLite;

/** /srv (readable) with in (writable), and things outside of both, with links from one to the other. */
async function guest(policy: string, host = new FakeHost()) {
  const { files } = host;
  files.put('/srv/readme', 'hello');
  files.put('/srv/in/file', 'old');
  files.put('/srvx/secret', 'x');
  files.put('/root/secret', 'x');
  files.put('/root/folder/deep', 'x');
  files.putLink('/srv/in/file-link', '/root/secret');
  files.putLink('/srv/in/folder-link', '/root/folder');
  files.putLink('/srv/in/up', '../../root/folder');
  files.putLink('/srv/in/none', '/root/none/x');
  files.putLink('/srv/in/there', '/srv/readme');
  files.putLink('/srv/in/loop', 'loop');
  files.putFolder('/proc/self');
  files.putLink('/proc/self/root', '/');
  files.putFolder('/etc/innkeeper/pre-freeze.d');
  const agent = await startLimitedAgent(`[policy]\n${policy}\n`, host);
  const { node } = agent;
  const upload = async (path: string): Promise<string | undefined> => {
    const call = await node.open(write, { input: { case: 'open', value: { path } } }, { more: true });
    await call.send({ input: { case: 'chunk', value: { offset: 0n, data: new TextEncoder().encode('new') } } });
    await call.send({ input: { case: 'commit', value: {} } }, true);
    for (let turn = 0; turn < 5; turn++) {
      await host.clock.advance(1);
      await settle();
    }
    return call.reason;
  };
  const settled = async (call: { readonly reason: string | undefined }): Promise<string | undefined> => {
    await host.clock.advance(10);
    await settle();
    return call.reason;
  };
  return { ...agent, upload, settled };
}

const srv = 'roots = ["/srv"]\nwrite_roots = ["/srv/in"]';

describe('the roots of a policy', () => {
  it('what is in a root is read and listed, and what is in a write root is changed', async () => {
    const { node, host, upload, settled } = await guest(srv);
    const call = await node.open(read, { path: '/srv/readme' });
    assert.equal(await settled(call), '');
    assert.equal((await node.open(stat, { path: '/srv/in/there', follow: true })).reason, '');
    assert.equal(await upload('/srv/in/file'), '');
    assert.equal(await upload('/srv/in/new'), '');
    assert.deepEqual([host.files.text('/srv/in/file'), host.files.text('/srv/in/new')], ['new', 'new']);
    assert.equal((await node.open(makeDirectory, { path: '/srv/in/a/b', parents: true })).reason, '');
    assert.equal((await node.open(setMode, { path: '/srv/in/a', mode: 0o700 })).reason, '');
    assert.equal((await node.open(rename, { from: '/srv/in/a', to: '/srv/in/c' })).reason, '');
    assert.equal(await settled(await node.open(remove, { path: '/srv/in/c', recursive: true })), '');
    assert.equal(host.files.exists('/srv/in/c'), false);
    assert.equal(host.files.openCount, 0);
  });

  it('no form of a path leads out of the roots', async () => {
    const { node, host, upload, settled } = await guest(srv);
    const outside = [
      ...['/root/secret', '/srvx/secret', '/etc/passwd', '/', '/root', '/root/none'],
      ...['/srv/in/file-link', '/srv/in/folder-link/deep', '/srv/in/up/deep', '/srv/in/none'],
      ...['/proc/self/root/root/secret', '//root//secret', '/./root/secret', '/srv/./in/../../root/secret'],
    ];
    for (const path of outside) {
      const got = await settled(await node.open(read, { path }));
      // ".." is refused before any policy.
      assert.equal(got, path.includes('..') ? 'INVALID_PATH' : denied, path);
    }
    for (const path of outside.filter((each) => each !== '/' && !each.includes('..')))
      assert.equal((await node.open(stat, { path, follow: true })).reason, denied, path);
    for (const path of ['/root', '/root/folder', '/srv/in/folder-link', '/srv/in/up', '/proc/self/root/root']) {
      assert.equal(await settled(await node.open(list, { path })), denied, path);
      assert.equal(await settled(await node.open(watch, { path, recursive: true })), denied, path);
    }
    for (const path of ['/root/new', '/srv/new', '/srv/in/folder-link/new', '/srv/in/file-link', '/srv/in/up/new'])
      assert.equal(await upload(path), denied, path);
    assert.deepEqual(host.files.names('/root'), ['folder', 'secret']);
    assert.equal(host.files.text('/root/secret'), 'x');
    assert.equal(host.files.openCount, 0);
  });

  it('an answer does not tell whether something outside of the roots exists', async () => {
    const { node } = await guest(srv);
    const answers: string[] = [];
    for (const path of ['/root/secret', '/root/none', '/none/x', '/srv/in/none', '/srv/in/folder-link/none'])
      answers.push(`${(await node.open(stat, { path, follow: true })).reason}`);
    assert.deepEqual(new Set(answers), new Set([denied]));
    assert.equal((await node.open(stat, { path: '/srv/in/absent' })).reason, 'FILE_NOT_FOUND');
    assert.equal((await node.open(stat, { path: '/srv/in/loop', follow: true })).reason, 'FILE_SYMLINK_REFUSED');
  });

  it('of folders above the roots only the way to them is seen', async () => {
    const { node, settled } = await guest(srv);
    const call = await node.open(list, { path: '/' });
    assert.equal(await settled(call), '');
    assert.deepEqual(
      call.messages[0]?.entries.map(({ path }) => path),
      ['/srv'],
    );
    assert.equal((await node.open(stat, { path: '/srv' })).reason, '');
  });

  it('nothing is changed outside of the write roots, and they stay where they are', async () => {
    const { node, host, upload, settled } = await guest(srv);
    const changes = [
      await node.open(makeDirectory, { path: '/srv/x' }),
      await node.open(rename, { from: '/srv/readme', to: '/srv/in/readme' }),
      await node.open(rename, { from: '/srv/in/file', to: '/srv/file' }),
      await node.open(rename, { from: '/srv/in', to: '/srv/in2' }),
      await node.open(setMode, { path: '/srv/in', mode: 0o777 }),
      await node.open(setOwner, { path: '/srv/readme', user: '0' }),
      await node.open(remove, { path: '/srv/in', recursive: true }),
    ];
    for (const call of changes) assert.equal(await settled(call), denied);
    assert.equal(await upload('/srv/readme'), denied);
    assert.deepEqual(host.files.names('/srv'), ['in', 'readme']);
  });

  it('an empty list of roots allows no file at all', async () => {
    const { node, upload } = await guest('roots = []');
    assert.equal((await node.open(stat, { path: '/srv/readme' })).reason, denied);
    assert.equal(await upload('/srv/in/file'), denied);
  });

  it('a link that is exchanged between a check and its use leads nowhere else', async () => {
    const { node, host } = await guest(srv);
    host.files.putFolder('/srv/in/dir');
    host.files.put('/srv/in/dir/deep', 'mine');
    let isSwapped = false;
    // As soon as the agent has looked at "dir", the guest puts a link in its place.
    host.files.fail = (call, name) => {
      if (call === 'open' && name === 'dir' && !isSwapped) {
        isSwapped = true;
        host.files.remove('/srv/in/dir/deep');
        host.files.remove('/srv/in/dir');
        host.files.putLink('/srv/in/dir', '/root/folder');
      }
      return undefined;
    };
    const call = await node.open(stat, { path: '/srv/in/dir/deep', follow: true });
    assert.ok(isSwapped);
    assert.equal(call.reason, 'FILE_SYMLINK_REFUSED');
  });

  it('a tunnel reaches the ports and sockets of the policy only, and a refusal names the rule', async () => {
    const { node, host } = await guest('tunnels = ["22", "8000-8002", "/run/app.sock"]');
    host.files.putFolder('/run');
    for (const path of ['/run/app.sock', '/run/docker.sock']) host.files.putSpecial(path, 'socket');
    host.files.putLink('/srv/app', '/run/app.sock');
    host.files.putLink('/srv/docker', '/run/docker.sock');
    const open = (target: number | string) =>
      node.open(TunnelServiceLite.connect, {
        input: {
          case: 'open',
          value: {
            target:
              typeof target === 'number' ? { case: 'tcpPort', value: target } : { case: 'unixPath', value: target },
          },
        },
      });
    for (const target of [22, 8000, 8002, '/run/app.sock', '/srv/app'])
      assert.equal((await open(target)).reason, 'TUNNEL_REFUSED', `${target}`);
    for (const target of [21, 23, 7999, 8003, '/run/docker.sock', '/srv/docker']) {
      const call = await open(target);
      assert.equal(call.reason, denied, `${target}`);
      assert.match(call.answers.end?.message ?? '', /forbids a tunnel to .*: tunnels in line 2 of/);
    }
    assert.deepEqual(node.welcomes[0]?.deniedCapabilities, []);
  });

  it('without any port or socket, the guest has no tunnel', async () => {
    const { node } = await guest('tunnels = []');
    assert.deepEqual(node.welcomes[0]?.deniedCapabilities, ['tunnel']);
  });

  it('a tunnel reaches sockets in the write roots only', async () => {
    const { node, host, settled } = await guest(srv);
    for (const path of ['/srv/in/socket', '/srv/socket', '/root/docker.sock']) host.files.putSpecial(path, 'socket');
    host.files.putLink('/srv/in/docker', '/root/docker.sock');
    const reasonOf = async (unixPath: string): Promise<string | undefined> =>
      settled(
        await node.open(TunnelServiceLite.connect, {
          input: { case: 'open', value: { target: { case: 'unixPath', value: unixPath } } },
        }),
      );
    for (const path of ['/root/docker.sock', '/srv/in/docker', '/srv/socket'])
      assert.equal(await reasonOf(path), denied);
    assert.notEqual(await reasonOf('/srv/in/socket'), denied);
  });
});

describe('the files of the agent under a policy', () => {
  it('the configuration file, its folder and the way to it cannot be changed, by whatever name', async () => {
    const { node, host, upload, settled } = await guest('features_off = ["exec"]');
    const { tree } = host.files;
    // A hard link, and a folder that is mounted twice.
    const config = tree.find('test', '/etc/innkeeper/agent.toml', { follow: false });
    tree.find('test', '/srv', { follow: false }).children.set('hard', config);
    const folder = tree.find('test', '/etc/innkeeper', { follow: false });
    tree.find('test', '/srv', { follow: false }).children.set('bound', folder);
    const before = host.files.text('/etc/innkeeper/agent.toml');
    for (const path of [
      '/etc/innkeeper/agent.toml',
      '/etc/innkeeper/new',
      '/etc/innkeeper/pre-freeze.d/hook',
      '/etc/limiquantix',
      '/srv/bound/agent.toml',
      '/srv/bound/other',
    ])
      assert.equal(await upload(path), denied, path);
    const inPlace = { path: '/srv/hard', inPlaceOffset: 0n };
    const call = await node.open(write, { input: { case: 'open', value: inPlace } }, { more: true });
    assert.equal(await settled(call), denied);
    for (const change of [
      await node.open(remove, { path: '/etc/innkeeper/agent.toml' }),
      await node.open(remove, { path: '/etc', recursive: true }),
      await node.open(rename, { from: '/etc/innkeeper', to: '/etc/other' }),
      await node.open(rename, { from: '/etc', to: '/etc2' }),
      await node.open(rename, { from: '/srv/readme', to: '/etc/innkeeper/agent.toml', replace: true }),
      await node.open(setMode, { path: '/etc/innkeeper', mode: 0o777 }),
      await node.open(makeDirectory, { path: '/etc/limiquantix' }),
    ])
      assert.equal(await settled(change), denied);
    assert.equal(host.files.text('/etc/innkeeper/agent.toml'), before);
    assert.equal(await upload('/etc/other'), '');
  });

  it('the agent’s program is not changed, nor the one to go back to and the next one, also after a package replaced it', async () => {
    for (const suffix of ['', ' (deleted)']) {
      const host = new FakeHost();
      const program = '/usr/local/bin/innkeeper-agent';
      host.program.path = `${program}${suffix}`;
      for (const path of [program, `${program}.previous`]) host.files.put(path, 'agent', { mode: 0o755 });
      const { node, upload, settled } = await guest('features_off = ["exec"]', host);
      for (const path of [program, `${program}.new`, `${program}.previous`]) {
        assert.equal(await upload(path), denied, path);
        assert.equal(await settled(await node.open(rename, { from: '/srv/readme', to: path, replace: true })), denied);
      }
      assert.equal(await settled(await node.open(remove, { path: `${program}.previous` })), denied);
      // By another name of the same file: the agent that comes back after a failed update would be the host's.
      const previous = host.files.tree.find('test', `${program}.previous`, { follow: false });
      host.files.tree.find('test', '/srv', { follow: false }).children.set('hard', previous);
      const inPlace = { path: '/srv/hard', inPlaceOffset: 0n };
      const hard = await node.open(write, { input: { case: 'open', value: inPlace } }, { more: true });
      assert.equal(await settled(hard), denied);
      assert.equal(await upload(`${program}.conf`), '');
    }
  });

  it('its hooks, records and keys are not changed wherever its configuration file is', async () => {
    const host = new FakeHost();
    for (const folder of ['/run/innkeeper', '/var/lib/innkeeper-agent', '/opt/own', '/srv/keys'])
      host.files.putFolder(folder);
    host.files.put('/etc/innkeeper/update-keys', 'key');
    host.files.put('/opt/mine', 'key');
    const limited = limitedFiles(host, {
      path: '/opt/own/agent.toml',
      keysPath: '/srv/keys/trusted',
      rules: { rateLimits: new Map() },
      where: (rule) => rule,
      denial: (what) => new OperationError('DENIED_BY_GUEST_POLICY', what),
    });
    const refused = { reason: 'DENIED_BY_GUEST_POLICY' };
    const create = { ...openOptions({ access: 'write', create: true }), exclusive: true };
    for (const folder of ['/opt/own', '/etc/innkeeper', '/run/innkeeper', '/var/lib/innkeeper-agent']) {
      assert.throws(() => limited.files.open(`${folder}/new`, create), refused, folder);
      assert.throws(() => limited.files.rename(folder, '/srv'), refused, folder);
    }
    assert.throws(() => limited.files.unlink('/etc/innkeeper/update-keys'), refused);
    for (const replace of [false, true]) {
      if (replace) host.files.put('/srv/keys/trusted', 'key');
      assert.throws(() => limited.files.open('/srv/keys/trusted', { ...create, exclusive: false }), refused);
      assert.throws(() => limited.files.rename('/opt/mine', '/srv/keys/trusted'), refused);
      assert.throws(() => limited.files.rename('/srv/keys', '/srv/mine'), refused);
    }
    limited.files.open('/srv/keys/trusted2', create).close();
    limited.files.open('/opt/new', create).close();
  });
});
