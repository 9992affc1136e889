import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import { buildAgent, RunningAgent, runAgent } from '../../../apps/agent/testing/running-agent.ts';
import { AgentMessageClient } from '../operations/agent-message-client.ts';
import type { GuestClient } from '../operations/guest-client.ts';
import { NativeClient } from '../operations/native-client.ts';

const denied = { reason: 'DENIED_BY_GUEST_POLICY' };
const data = new TextEncoder().encode('new');

before(buildAgent, { timeout: 120_000 });

/** In "srv" of the agent's folder the host may read, in "srv/in" also write; "secret" is beside it. */
const roots = (folder: string): string => `[policy]
roots = ["${folder}/srv"]
write_roots = ["${folder}/srv/in"]
commands = ["/bin/true", "/usr/bin/printf"]
`;

async function guest(config: (folder: string) => string = roots): Promise<RunningAgent> {
  const agent = await RunningAgent.start({ config });
  const { folder } = agent;
  await mkdir(join(folder, 'srv', 'in'), { recursive: true });
  await mkdir(join(folder, 'other'));
  await writeFile(join(folder, 'srv', 'readme'), 'hello');
  await writeFile(join(folder, 'secret'), 'secret');
  await writeFile(join(folder, 'other', 'secret'), 'secret');
  return agent;
}

const dialects: Readonly<Record<string, (agent: RunningAgent) => Promise<GuestClient>>> = {
  native: ({ socket }) => NativeClient.connect(socket),
  AgentMessage: ({ socket }) => AgentMessageClient.connect(socket, 'plain'),
};

for (const [dialect, connect] of Object.entries(dialects))
  describe(`the policy of a guest in the dialect ${dialect}`, { timeout: 120_000 }, () => {
    it('files in the roots are read, and those in the write roots written', async () => {
      await using agent = await guest();
      await using client = await connect(agent);
      const { folder } = agent;
      assert.equal(String(await client.read(`${folder}/srv/readme`)), 'hello');
      await client.write({ path: `${folder}/srv/in/a/new`, data, createParents: true });
      assert.equal(await readFile(join(folder, 'srv/in/a/new'), 'utf8'), 'new');
      await assert.rejects(client.read(`${folder}/srv/none`), { reason: 'FILE_NOT_FOUND' });
    });

    it('no link, dot, process folder or descriptor leads out of the roots', async () => {
      await using agent = await guest();
      await using client = await connect(agent);
      const { folder, pid } = agent;
      const inside = join(folder, 'srv', 'in');
      await symlink(join(folder, 'secret'), join(inside, 'file'));
      await symlink('../../other', join(inside, 'folder'));
      await symlink(`/proc/self/root${folder}/secret`, join(inside, 'proc'));
      await symlink('chain2', join(inside, 'chain1'));
      await symlink('./folder/../folder/secret', join(inside, 'chain2'));
      for (const path of [
        `${folder}/secret`,
        `${folder}/srvx`,
        `/${folder}//secret`,
        ...['file', 'folder/secret', 'proc', 'chain1'].map((name) => `${inside}/${name}`),
        `/proc/self/root${folder}/srv/../secret`.replace('/..', ''),
        `/proc/self/root${folder}/secret`,
        `/proc/${pid}/root${folder}/secret`,
        `/proc/self/cwd/etc/passwd`,
        '/dev/fd/0',
        '/etc/passwd',
        '/',
      ])
        await assert.rejects(client.read(path), denied, path);
      for (const name of ['folder/new', 'file', 'chain1', '../new2'].filter((each) => !each.includes('..')))
        await assert.rejects(client.write({ path: `${inside}/${name}`, data }), denied, name);
      await assert.rejects(client.write({ path: `${folder}/srv/readme`, data }), denied);
      await assert.rejects(client.read(`${inside}/../../secret`), { reason: 'INVALID_PATH' });
      assert.deepEqual(await readdir(join(folder, 'other')), ['secret']);
      assert.equal(await readFile(join(folder, 'secret'), 'utf8'), 'secret');
    });

    it('a folder that the guest exchanges for a link again and again never gives what is outside', async () => {
      await using agent = await guest();
      await using client = await connect(agent);
      const { folder } = agent;
      const inside = join(folder, 'srv', 'in');
      await mkdir(join(inside, 'a'));
      await writeFile(join(inside, 'a', 'secret'), 'mine');
      await symlink(join(folder, 'other'), join(inside, 'b'));
      const swap =
        'while :; do mv -T "$0/a" "$0/x"; mv -T "$0/b" "$0/a"; mv -T "$0/a" "$0/b"; mv -T "$0/x" "$0/a"; done';
      const swapper = spawn('/bin/sh', ['-c', swap, inside], { stdio: 'ignore' });
      const seen = new Set<string>();
      try {
        for (let count = 0; count < 400; count++)
          seen.add(
            await client.read(`${inside}/a/secret`).then(String, ({ reason }: { readonly reason: string }) => reason),
          );
      } finally {
        swapper.kill('SIGKILL');
      }
      const expected = [
        'mine',
        'DENIED_BY_GUEST_POLICY',
        'FILE_NOT_FOUND',
        'FILE_SYMLINK_REFUSED',
        'FILE_NOT_DIRECTORY',
      ];
      assert.deepEqual(
        [...seen].filter((each) => !expected.includes(each)),
        [],
      );
    });

    it('the configuration file is not written, by its name, through links, and by a hard link', async () => {
      await using agent = await guest(() => '[rate_limits]\nall = 1000\n');
      await using client = await connect(agent);
      const { folder } = agent;
      const config = join(folder, 'etc', 'agent.toml');
      await symlink(config, join(folder, 'srv', 'link'));
      await symlink(join(folder, 'etc'), join(folder, 'srv', 'etc'));
      await link(config, join(folder, 'srv', 'hard'));
      for (const path of [config, `${folder}/srv/link`, `${folder}/srv/etc/agent.toml`, `/proc/self/root${config}`])
        await assert.rejects(client.write({ path, data }), denied, path);
      await assert.rejects(client.write({ path: `${folder}/etc/new`, data }), denied);
      await assert.rejects(client.write({ path: `${folder}/srv/hard`, data }), denied);
      assert.match(await readFile(config, 'utf8'), /^\[rate_limits\]/);
      assert.equal(await client.write({ path: `${folder}/srv/other`, data }), 3);
    });

    it('only the commands of the policy start, under their own name and without variables that load code', async () => {
      await using agent = await guest();
      await using client = await connect(agent);
      const { folder } = agent;
      assert.equal((await client.run({ argv: ['true', '-x'] })).exitCode, 0);
      assert.equal(String((await client.run({ argv: ['/usr/bin/printf', 'a%s', 'b'] })).stdout), 'ab');
      await writeFile(join(folder, 'srv', 'printf'), '#!/bin/sh\nid\n', { mode: 0o755 });
      await symlink('/usr/bin/printf', join(folder, 'srv', 'in', 'link'));
      for (const argv of [
        ['/bin/sh', '-c'],
        ['sh', '-c'],
        [`${folder}/srv/printf`, 'x'],
        [`${folder}/srv/in/link`, 'x'],
        ['/proc/self/exe', '--version'],
      ] as const)
        await assert.rejects(client.run({ argv: [...argv] }), denied, argv.join(' '));
      await assert.rejects(client.run({ shell: 'true' }), denied);
      await assert.rejects(client.run({ argv: ['true', 'x'], environment: { LD_PRELOAD: '/x.so' } }), denied);
      await assert.rejects(client.run({ argv: ['true', 'x'], environment: { PATH: folder } }), denied);
    });

    it('a guest that is read-only is read, and neither written nor run in', async () => {
      await using agent = await guest(() => '[policy]\nread_only = true\n');
      await using client = await connect(agent);
      assert.equal(String(await client.read(`${agent.folder}/srv/readme`)), 'hello');
      await assert.rejects(client.write({ path: `${agent.folder}/srv/in/x`, data }), denied);
      await assert.rejects(client.run({ argv: ['true', 'x'] }), denied);
      await assert.rejects(client.refusedShutdown({ mode: 'none' }), denied);
      await assert.rejects(client.refusedClock(0n), denied);
    });

    it('with a file that is malformed nothing works but telemetry, and its log has the line', async () => {
      await using agent = await guest(() => '# a\n[policy]\nread_only = maybe\n');
      await using client = await connect(agent);
      await client.ping();
      assert.ok((await client.telemetry()).memoryTotalBytes > 0);
      await assert.rejects(client.read(`${agent.folder}/srv/readme`), denied);
      await assert.rejects(client.run({ argv: ['true', 'x'] }), denied);
      assert.match(agent.log, /error config\.wrong path="[^"]+" line=3 message=/);
    });

    it('each privileged call is in the log once, without arguments, paths and content', async () => {
      await using agent = await guest(() => '');
      await using client = await connect(agent);
      await client.run({ argv: ['/bin/true', 'hunter2'], environment: { TOKEN: 'hunter2' } });
      await client.write({ path: `${agent.folder}/srv/hunter2`, data: new TextEncoder().encode('hunter2') });
      await agent.until(async () => agent.log.includes('FileService/Write'));
      const calls = agent.log.split('\n').filter((line) => line.includes(' call'));
      assert.deepEqual(calls, ['info call method="ProcessService/Exec"', 'info call method="FileService/Write"']);
      assert.ok(!agent.log.includes('hunter2'));
    });

    it('calls beyond a rate are refused, and pings are not', async () => {
      await using agent = await guest(() => '[rate_limits]\nfile = 2\n');
      await using client = await connect(agent);
      const path = `${agent.folder}/srv/readme`;
      await client.read(path, { offset: 0, length: 5 });
      await client.read(path, { offset: 0, length: 5 });
      await assert.rejects(client.read(path, { offset: 0, length: 5 }), { reason: 'GUEST_RATE_LIMITED' });
      await client.ping();
    });
  });

describe('settings for AgentMessage hosts', { timeout: 60_000 }, () => {
  it('a command ends at the guest’s limit, whatever timeout its host asks for', async () => {
    await using agent = await guest(() => 'max_exec_timeout_secs = 1\n');
    await using client = await AgentMessageClient.connect(agent.socket, 'plain');
    const result = await client.run({ argv: ['sleep', '30'], timeoutSeconds: 25 });
    assert.equal(result.timedOut, true);
  });

  it('a file is read in pieces of the guest’s size, whatever its host asks for', async () => {
    await using agent = await guest(() => 'max_chunk_size = 4096\n');
    await using client = await AgentMessageClient.connect(agent.socket, 'plain');
    const path = join(agent.folder, 'srv', 'long');
    await writeFile(path, 'x'.repeat(10_000));
    assert.equal((await client.read(path, { offset: 0, length: 10_000 })).length, 4096);
    assert.equal((await client.read(path)).length, 10_000);
  });
});

describe('innkeeper-agent doctor on this machine', { timeout: 60_000 }, () => {
  it('a machine without a port is a problem with the exit code 1, as text and as JSON', async () => {
    const text = await runAgent('doctor', '--config', '/none/agent.toml');
    assert.equal(text.code, 1);
    assert.match(text.stdout, /^PROBLEM port: .+\n {8}→ /m);
    const json = await runAgent('doctor', '-o', 'json', '--config', '/none/agent.toml');
    const { ok, findings } = JSON.parse(json.stdout) as { ok: boolean; findings: { check: string; state: string }[] };
    assert.deepEqual([json.code, ok, findings.find(({ check }) => check === 'port')?.state], [1, false, 'problem']);
    assert.equal((await runAgent('doctor', '-o', 'yaml')).code, 2);
  });
});

describe('tunnels of a guest with a policy', { timeout: 120_000 }, () => {
  it('only the ports and sockets of the policy are connected to, wherever a link leads', async () => {
    const servers = [createServer(), createServer(), createServer(), createServer()];
    const [allowed, other, socket, secret] = servers;
    assert.ok(allowed && other && socket && secret);
    for (const server of [allowed, other]) await once(server.listen(0, '127.0.0.1'), 'listening');
    const portOf = (server: Server): number => (server.address() as AddressInfo).port;
    await using agent = await RunningAgent.start({
      config: (folder) => `[policy]\ntunnels = ["${portOf(allowed)}", "${folder}/allowed.sock"]\n`,
    });
    const { folder } = agent;
    try {
      await once(socket.listen(join(folder, 'allowed.sock')), 'listening');
      await once(secret.listen(join(folder, 'secret.sock')), 'listening');
      await symlink('secret.sock', join(folder, 'allowed.sock.link'));
      const link = agent.connect();
      const connect = async (target: number | string) => {
        async function* requests() {
          const value =
            typeof target === 'number'
              ? ({ case: 'tcpPort', value: target } as const)
              : ({ case: 'unixPath', value: target } as const);
          yield { input: { case: 'open' as const, value: { target: value } } };
          await new Promise(() => undefined);
        }
        const tunnel = link.stream(TunnelServiceLite.connect, requests());
        const first = await tunnel.next();
        void tunnel.return(undefined);
        return first.value?.event.case;
      };
      for (const target of [portOf(allowed), `${folder}/allowed.sock`]) assert.equal(await connect(target), 'opened');
      for (const target of [portOf(other), `${folder}/secret.sock`, `${folder}/allowed.sock.link`])
        await assert.rejects(connect(target), { ...denied, message: /forbids a tunnel to .*: tunnels in line 2 of/ });
    } finally {
      for (const server of servers) server.close();
    }
  });
});
