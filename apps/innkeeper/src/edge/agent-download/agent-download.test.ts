import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installScript } from '@innkeeper/images';
import { type ServedApi, serveApi } from '../../api/testing/serve-api.ts';
import { httpRoutes } from '../route-table.ts';

describe('the agent, downloaded from the daemon', () => {
  let api: ServedApi;
  let base: string;
  let folder: string;
  const agent = '#!/bin/sh\n[ "$1" = --self-test ]\n';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-install-'));
    await writeFile(join(folder, 'agent'), agent);
    await writeFile(join(folder, 'agent-arm64'), `${agent}# arm64\n`);
    api = await serveApi({ agentPaths: { amd64: join(folder, 'agent'), arm64: join(folder, 'agent-arm64') } });
    base = await api.listenTcp();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  /** A system with this init. Every one has folders of the others too, as packages bring them. */
  async function makeRoot(init: 'systemd' | 'openrc' | 'sysv' | 'busybox', name: string = init): Promise<string> {
    const root = join(folder, name);
    const folders = ['etc/systemd/system', 'etc/init.d', 'sbin', 'bin'];
    const levels = [0, 1, 2, 3, 4, 5, 6].map((level) => `etc/rc${level}.d`);
    for (const path of [...folders, ...levels]) await mkdir(join(root, path), { recursive: true });
    await writeFile(join(root, 'etc/inittab'), '');
    if (init === 'systemd') await symlink('/lib/systemd/systemd', join(root, 'sbin/init'));
    else if (init === 'busybox') await symlink('../bin/busybox', join(root, 'sbin/init'));
    else await writeFile(join(root, 'sbin/init'), '');
    if (init !== 'openrc') return root;
    await mkdir(join(root, 'etc/runlevels'));
    await writeFile(join(root, 'sbin/openrc'), '', { mode: 0o755 });
    return root;
  }

  async function install(
    root: string,
    script: string,
    path = process.env['PATH'] ?? '',
  ): Promise<{ code: number; output: string }> {
    const env = { ...process.env, DESTDIR: root, PATH: path };
    const child = spawn('/bin/sh', ['-s'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.stdin.end(script);
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  }
  const script = async (): Promise<string> => await (await fetch(`${base}/install-agent.sh`)).text();

  it('is there for everybody, with its hash', async () => {
    assert.equal(await (await fetch(`${base}/agent/latest/linux-amd64`)).text(), agent);
    const sum = await (await fetch(`${base}/agent/latest/linux-amd64.sha256`)).text();
    assert.match(sum, /^[0-9a-f]{64} {2}innkeeper-agent\n$/);
  });

  for (const [init, unit] of [
    ['systemd', 'etc/systemd/system/innkeeper-agent.service'],
    ['openrc', 'etc/init.d/innkeeper-agent'],
    ['sysv', 'etc/init.d/innkeeper-agent'],
    ['busybox', 'etc/inittab'],
  ] as const) {
    it(`is installed by the script where ${init} starts services, and again without doubling anything`, async () => {
      const root = await makeRoot(init);
      for (let time = 0; time < 2; time++) {
        const { code, output } = await install(root, await script());
        assert.equal(code, 0, output);
        assert.match(output, new RegExp(`${init} starts it`));
      }
      assert.equal(await readFile(join(root, 'usr/local/bin/innkeeper-agent'), 'utf8'), agent);
      assert.equal((await stat(join(root, 'usr/local/bin/innkeeper-agent'))).mode & 0o777, 0o755);
      const text = await readFile(join(root, unit), 'utf8');
      if (init === 'busybox') assert.equal(text.split('/usr/local/bin/innkeeper-agent').length, 2);
      assert.match(text, /\/usr\/local\/bin\/innkeeper-agent/);
      if (init === 'systemd') {
        const link = join(root, 'etc/systemd/system/multi-user.target.wants/innkeeper-agent.service');
        assert.equal(await readlink(link), '/etc/systemd/system/innkeeper-agent.service');
      }
    });
  }

  it('trusts the daemon’s key beside keys whose last line has no end, and removes what an update left', async () => {
    const root = await makeRoot('systemd', 'again');
    await mkdir(join(root, 'etc/innkeeper'), { recursive: true });
    await mkdir(join(root, 'usr/local/bin'), { recursive: true });
    const other = `ed25519 ${'ab'.repeat(32)} other`;
    const [keys, previous] = ['etc/innkeeper/update-keys', 'usr/local/bin/innkeeper-agent.previous'];
    await writeFile(join(root, keys), other);
    await writeFile(join(root, previous), 'an agent');
    for (let time = 0; time < 2; time++) assert.equal((await install(root, await script())).code, 0);
    const [first, second, ...rest] = (await readFile(join(root, keys), 'utf8')).split('\n');
    assert.deepEqual([first, rest], [other, ['']]);
    assert.match(second ?? '', /^ed25519 [0-9a-f]{64} innkeeper$/);
    assert.equal(existsSync(join(root, previous)), false);
  });

  it('is offered for both architectures, and the script takes the one that uname(1) names', async () => {
    assert.equal(await (await fetch(`${base}/agent/latest/linux-arm64`)).text(), `${agent}# arm64\n`);
    const root = await makeRoot('systemd', 'arm64');
    const programs = join(folder, 'aarch64');
    await mkdir(programs, { recursive: true });
    await writeFile(join(programs, 'uname'), '#!/bin/sh\necho aarch64\n', { mode: 0o755 });
    const { code, output } = await install(root, await script(), `${programs}:${process.env['PATH']}`);
    assert.equal(code, 0, output);
    assert.equal(await readFile(join(root, 'usr/local/bin/innkeeper-agent'), 'utf8'), `${agent}# arm64\n`);
    await writeFile(join(programs, 'uname'), '#!/bin/sh\necho riscv64\n', { mode: 0o755 });
    const other = await install(root, await script(), `${programs}:${process.env['PATH']}`);
    assert.match(other.output, /there is no agent for riscv64/);
  });

  for (const [what, tools, refusal] of [
    ['curl', ['curl', 'sha256sum'], undefined],
    ['wget', ['wget', 'sha256sum'], undefined],
    ['busybox wget', ['busybox:wget', 'sha256sum'], undefined],
    ['neither curl nor wget', ['sha256sum'], /curl or wget is needed; neither is installed/],
    ['no sha256sum', ['busybox:wget'], /sha256sum is needed/],
  ] as const) {
    it(`is ${refusal === undefined ? 'downloaded' : 'not downloaded'} with ${what}`, async (t) => {
      const programs = await mkdtemp(join(folder, 'programs-'));
      for (const tool of [
        ...tools,
        ...['sh', 'id', 'uname', 'readlink', 'mkdir', 'rm', 'cut', 'chmod', 'mv', 'cat', 'ln'],
      ]) {
        const [program = '', applet = program] = tool.split(':');
        const path = ['/usr/bin', '/bin'].map((place) => join(place, program)).find((place) => existsSync(place));
        if (path === undefined) return t.skip(`${program} is not installed`);
        await symlink(path, join(programs, applet));
      }
      const { code, output } = await install(await makeRoot('systemd', what), await script(), programs);
      assert.equal(code, refusal === undefined ? 0 : 1, output);
      if (refusal !== undefined) assert.match(output, refusal);
    });
  }

  it('is not installed when it arrives damaged', async () => {
    const damaged = (await script()).replace("cut -d ' ' -f 1)\n[ -n", "tr 0-9 9876543210 | cut -d ' ' -f 1)\n[ -n");
    const root = await makeRoot('systemd', 'damaged');
    const { code, output } = await install(root, damaged);
    assert.equal(code, 1);
    assert.match(output, /damaged/);
    await assert.rejects(stat(join(root, 'usr/local/bin/innkeeper-agent')), { code: 'ENOENT' });
  });

  it('says what is there and what is missing where the init system is not known', async () => {
    const { code, output } = await install(join(folder, 'bare'), await script());
    assert.equal(code, 1);
    assert.match(output, /innkeeper-agent serve/);
  });

  it('is there for guests, on their own port, under the address that they see; nothing else is', async () => {
    const port = await api.server.listenForGuests({ host: '127.0.0.1', port: 0 });
    const ask = async (path: string, host = '10.0.2.2'): Promise<{ body: string }> => {
      const call = request({ port, host: '127.0.0.1', path, headers: { host } }).end();
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) body += chunk;
      return { body };
    };
    assert.match((await ask('/install-agent.sh')).body, /url='http:\/\/10\.0\.2\.2'/);
    assert.equal((await ask('/agent/latest/linux-amd64')).body, agent);
    assert.match((await ask('/v1/vms/one/guest-ip')).body, /UNKNOWN_METHOD/);
    const others = ['/', '/metrics', '/healthz', '/v1/vms/one/files?path=/', '/innkeeper.control.v1.VmService/ListVms'];
    for (const path of others) assert.match((await ask(path)).body, /UNKNOWN_METHOD/, path);
    assert.match((await ask('/install-agent.sh', 'evil.example')).body, /HOST_REFUSED/);
  });

  it('takes a guest’s address on the port for guests, with a token for its VM, and from nobody else', async () => {
    const { id } = (await api.createVm('reporting', { agent: false })).row;
    const making = request({
      socketPath: api.socketPath,
      method: 'POST',
      path: '/innkeeper.control.v1.AccessService/CreateToken',
      headers: { 'content-type': 'application/json' },
    });
    making.end(JSON.stringify({ name: 'reporter', privileges: ['guest.report'], scope: `vm:${id}` }));
    const [made] = (await once(making, 'response')) as [IncomingMessage];
    const { secret: token } = JSON.parse(Buffer.concat(await made.toArray()).toString()) as { secret: string };
    const port = await api.server.listenForGuests({ host: '127.0.0.1', port: 0 });
    const report = async (secret: string, scheme = 'Bearer'): Promise<string> => {
      const headers = { host: '10.0.2.2', authorization: `${scheme} ${secret}` };
      const call = request({ port, host: '127.0.0.1', method: 'POST', path: `/v1/vms/${id}/guest-ip`, headers });
      call.end('{"guest_ip":"10.0.2.15"}');
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) body += chunk;
      return body;
    };
    assert.match(await report('inn_none'), /TOKEN_INVALID/);
    assert.equal(await report(token), '{"ok":true}');
    assert.equal(api.node.get('reporting').agent.reportedAddress, '10.0.2.15');
    // As a program sends it that was given http://x:TOKEN@10.0.2.2.
    assert.equal(await report(Buffer.from(`x:${token}`).toString('base64'), 'Basic'), '{"ok":true}');
    assert.match(await report(Buffer.from('x:ink_none').toString('base64'), 'Basic'), /TOKEN_INVALID/);
    assert.match(await report('!', 'Basic'), /TOKEN_INVALID/);
  });

  it('takes a token as the password of Basic authentication on the report route alone', () => {
    const taking = httpRoutes.filter(({ takesBasic }) => takesBasic === true);
    assert.deepEqual(
      taking.map(({ path }) => path),
      ['/v1/vms/{vm}/guest-ip'],
    );
  });

  it('has no script for an address that would be more than one', async () => {
    await assert.rejects(installScript("http://a'; rm -rf /; '"));
  });
});
