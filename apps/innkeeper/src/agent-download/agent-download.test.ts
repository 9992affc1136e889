import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ServedApi, serveApi } from '../control/testing/serve-api.ts';
import { installScript } from './install-script.ts';

describe('the agent, downloaded from the daemon', () => {
  let api: ServedApi;
  let base: string;
  let folder: string;
  const agent = '#!/bin/sh\n[ "$1" = --self-test ]\n';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-install-'));
    await writeFile(join(folder, 'agent'), agent);
    api = await serveApi({ agentBinaryPath: join(folder, 'agent') });
    base = await api.listenTcp();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function install(root: string, script: string): Promise<{ code: number; output: string }> {
    const child = spawn('sh', ['-s'], { env: { ...process.env, DESTDIR: root }, stdio: ['pipe', 'pipe', 'pipe'] });
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

  for (const [init, arrange, unit] of [
    ['systemd', 'etc/systemd/system/x', 'etc/systemd/system/innkeeper-agent.service'],
    ['openrc', 'sbin/openrc-run', 'etc/init.d/innkeeper-agent'],
    ['sysv', 'etc/rc2.d/x', 'etc/init.d/innkeeper-agent'],
    ['busybox', 'etc/inittab', 'etc/inittab'],
  ] as const) {
    it(`is installed by the script where ${init} starts services, and again without doubling anything`, async () => {
      const root = join(folder, init);
      for (const path of ['etc/init.d', 'sbin', ...[0, 1, 2, 3, 4, 5, 6].map((level) => `etc/rc${level}.d`)])
        if (init === 'sysv' || !path.includes('rc')) await mkdir(join(root, path), { recursive: true });
      await mkdir(join(root, arrange, '..'), { recursive: true });
      await writeFile(join(root, arrange), '');
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

  it('is not installed when it arrives damaged', async () => {
    const damaged = (await script()).replace("cut -d ' ' -f 1)\nfound", "tr 0-9 9876543210 | cut -d ' ' -f 1)\nfound");
    const root = join(folder, 'damaged');
    await mkdir(join(root, 'etc/systemd/system'), { recursive: true });
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

  it('has no script for an address that would be more than one', async () => {
    await assert.rejects(installScript("http://a'; rm -rf /; '"));
  });
});
