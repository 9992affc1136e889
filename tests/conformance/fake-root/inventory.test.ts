import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AgentLink } from '@innkeeper/agent-client';
import type { ContainerRuntime } from '@innkeeper/contract/agent';
import { InventoryServiceLite } from '@innkeeper/contract/agent-lite';
import { buildAgent } from '../../../apps/agent/testing/running-agent.ts';
import { FakeRoot, whyNoFakeRoot } from './fake-root.ts';

before(buildAgent, { timeout: 300_000 });

const containers = [{ Id: 'abc', Names: ['/web'], Image: 'nginx', State: 'running', Status: 'Up 2 hours', Created: 9 }];

describe('the inventory in a root of files', { skip: whyNoFakeRoot ?? false, timeout: 120_000 }, () => {
  let root: FakeRoot;
  let link: AgentLink;
  let docker: Server;
  /** What Docker's socket answers. */
  let answer = JSON.stringify(containers);
  const asked: string[] = [];

  before(async () => {
    root = await FakeRoot.create();
    mkdirSync(join(root.folder, 'run/podman'), { recursive: true });
    docker = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end(answer);
    });
    await new Promise<void>((resolve) => docker.listen(join(root.folder, 'run/docker.sock'), resolve));
    const entries = Array.from(
      { length: 20_000 },
      (_, index) =>
        `Package: p${String(index).padStart(5, '0')}\nStatus: install ok installed\nInstalled-Size: 7\nArchitecture: all\nVersion: 1\nDescription: ${'d'.repeat(300)}\n`,
    );
    root.put('/var/lib/dpkg/status', entries.join('\n'));
    root.put('/etc/os-release', 'PRETTY_NAME="A root"\n');
    root.put('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nbad line\nana:x:1000:1000::/home/ana:/bin/sh\n');
    root.put('/etc/group', 'audio:x:29:ana\n');
    link = await root.start();
  });
  after(async () => {
    await root[Symbol.asyncDispose]();
    docker.closeAllConnections();
    docker.close();
  });

  const runtimes = async (): Promise<ContainerRuntime[]> =>
    (await link.call(InventoryServiceLite.listContainers, {})).runtimes;

  it('what this root does not have is absent, and what the kernel says is there', async () => {
    const found = await link.call(InventoryServiceLite.get, {});
    assert.deepEqual([found.osName, found.vendor, found.disks, found.cpus], ['A root', '', [], undefined]);
    assert.ok((found.memoryBytes ?? 0n) > 0n);
    assert.ok(found.kernel.length > 0);
  });

  it('20,000 packages are listed in pages, in order, each once, and the agent stays small', async () => {
    const names: string[] = [];
    let pageToken = '';
    let total = 0;
    // Two pages are enough to see that they fit together; reading all would take the emulated machines minutes.
    for (let page = 0; page < 2; page++) {
      const list = await link.call(InventoryServiceLite.listPackages, { pageSize: 1000, pageToken });
      names.push(...list.packages.map(({ name }) => name));
      ({ nextPageToken: pageToken, total } = list);
    }
    assert.equal(total, 20_000);
    assert.deepEqual(
      names,
      Array.from({ length: 2000 }, (_, index) => `p${String(index).padStart(5, '0')}`),
    );
    assert.ok((await root.agent.status('VmHWM')) < 8 * 1024, `${await root.agent.status('VmHWM')} KiB`);
  });

  it('accounts are listed without malformed lines', async () => {
    const { accounts } = await link.call(InventoryServiceLite.listAccounts, {});
    assert.deepEqual(
      accounts.map(({ name, groups }) => [name, groups]),
      [
        ['ana', ['audio']],
        ['root', []],
      ],
    );
  });

  it('containers are asked of Docker’s socket, and a runtime without a socket has a reason', async () => {
    const [found, podman] = await runtimes();
    assert.deepEqual([found?.missing, found?.containers.map(({ name }) => name)], ['', ['web']]);
    assert.deepEqual([podman?.containers, podman?.missing], [[], 'no socket at /run/podman/podman.sock']);
    assert.match(asked[0] ?? '', /^GET \/containers\/json\?/);
  });

  it('hostile answers of a runtime become a reason: nonsense, deep nesting, too much, and silence', async () => {
    for (const hostile of ['no JSON', '{}', 'null', '['.repeat(400_000), `[${'{},'.repeat(300_000)}{}]`]) {
      answer = hostile;
      const [found] = await runtimes();
      assert.notEqual(found?.missing, '', hostile.slice(0, 20));
      assert.deepEqual(found?.containers, []);
    }
    const silent = createSocketServer();
    await new Promise<void>((resolve) => silent.listen(join(root.folder, 'run/podman/podman.sock'), resolve));
    const [, podman] = await runtimes();
    assert.match(podman?.missing ?? '', /no answer within 10 s/);
    silent.close();
    await link.ping();
  });

  it('oversized pages and tokens are refused', async () => {
    for (const wrong of [{ pageSize: 1001 }, { pageToken: 'x'.repeat(5000) }, { pageToken: 'x'.repeat(60_000) }]) {
      const request = { pageSize: 0, pageToken: '', ...wrong };
      await assert.rejects(link.call(InventoryServiceLite.listPackages, request), { reason: 'INVALID_ARGUMENT' });
      await assert.rejects(link.call(InventoryServiceLite.listAccounts, request), { reason: 'INVALID_ARGUMENT' });
    }
  });
});
