import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { killNow } from './abort.ts';
import { type Daemon, startDaemon, testDataDirectory } from './daemon.ts';
import { guestScript } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { addresses, enterNetworkOf, hostPort, inNetwork, listenInNetworkOf, whyNoNamespace } from './namespace.ts';
import { ensureImage } from './test-images.ts';
import { cleanUp, createTestVm, isConnected, removeOtherVms, showVm, waitForVm } from './vm-state.ts';

/** Other programs, on a busy machine. */
const slow = { withinMs: 60_000, everyMs: 100 };
const image = 'tiny';
const options = { dataDirectory: testDataDirectory };
const skip = whyNoNamespace() ?? false;

/** URLs that no guest may reach in any way. */
const forbidden = [
  `http://10.0.2.2:${hostPort}/`,
  `http://[fec0::2]:${hostPort}/`,
  `http://${addresses.own}:${hostPort}/`,
  `http://${addresses.metadata}/`,
  `http://[${addresses.metadata6}]/`,
];

/** Output of wget in a guest; empty if there is no response within 5 s. */
async function get(vm: string, url: string): Promise<string> {
  const { stdout } = await inn(['exec', vm, '--', 'timeout', '5', 'wget', '-q', '-O', '-', url], options);
  return stdout.toString();
}

/** Makes the guest route its loopback addresses through its network card, as any guest can. */
async function sendLoopbackOut(vm: string): Promise<void> {
  const commands = [
    'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet',
    'ip addr del 127.0.0.1/8 dev lo',
    'ip route add 127.0.0.1/32 via 10.0.2.2 dev eth0',
  ];
  await guestScript(vm, commands.join('\n'), options);
}

/** Builds the image with the machine's network. */
async function prepareImage(): Promise<void> {
  await using _daemon = await startDaemon();
  await removeOtherVms(testDataDirectory);
  await ensureImage(testDataDirectory, image);
}

describe('a guest’s network', { skip }, () => {
  before(prepareImage);

  describe('in a namespace of its own', () => {
    const name = 'test-network';
    let daemon: Daemon;
    let listeners: AsyncDisposable;

    before(async () => {
      daemon = await startDaemon(testDataDirectory, inNetwork());
      listeners = await listenInNetworkOf(daemon.pid);
      await createTestVm(daemon, name, image, 180_000, { isBuilt: true });
    });
    after(async () => {
      await cleanUp(daemon, [name]);
      await listeners?.[Symbol.asyncDispose]();
    });

    it('a guest reaches the internet and the daemon’s port for guests', async () => {
      await until(async () => (await get(name, `http://${addresses.outside}/`)) !== '', slow);
      assert.equal(await get(name, `http://${addresses.outside}/`), `reached ${addresses.outside}\n`);
      await until(async () => (await get(name, `http://[${addresses.outside6}]/`)) !== '', slow);
      assert.equal(await get(name, `http://[${addresses.outside6}]/`), `reached ${addresses.outside6}\n`);
      assert.match(await get(name, 'http://10.0.2.2/install-agent.sh'), /^#!\/bin\/sh\n/);
    });

    it('a guest reaches neither the host’s loopback and address nor metadata services, whatever it does', async () => {
      for (const url of forbidden) assert.equal(await get(name, url), '', url);
      await sendLoopbackOut(name);
      for (const address of ['127.0.0.1', '0.0.0.0']) {
        const url = `http://${address}:${hostPort}/`;
        assert.equal(await get(name, url), '', url);
      }
    });

    it('doctor describes a guest’s isolated network', async () => {
      assert.match(
        await innText(['doctor', name], options),
        /network: .*separate network namespace.*pasta connects it/,
      );
    });

    it('a guest’s network recovers when pasta is killed', async () => {
      const before = await pastaOf(name);
      killNow(before);
      await until(async () => (await pastaOf(name)) !== before && (await get(name, outsideUrl)) !== '', slow);
    });

    it('a guest’s network works without a daemon, is adopted by the next one, and ends with the VM', async () => {
      const [keeper, pasta] = [await keeperOf(name), await pastaOf(name)];
      const pid = (await showVm(name, options.dataDirectory)).hypervisor?.pid ?? 0;
      await daemon.killHard();
      daemon = await startDaemon(testDataDirectory, enterNetworkOf(keeper));
      await waitForVm(name, options.dataDirectory, isConnected);
      assert.equal(await get(name, outsideUrl), `reached ${addresses.outside}\n`);
      assert.match(await get(name, 'http://10.0.2.2/install-agent.sh'), /^#!\/bin\/sh\n/);
      assert.deepEqual([await keeperOf(name), await pastaOf(name)], [keeper, pasta]);
      await daemon.killHard();
      killNow(pid);
      await until(async () => !isRunning(keeper) && !isRunning(pasta), slow);
      daemon = await startDaemon(testDataDirectory, inNetwork());
    });
  });

  describe('where passt does not work', () => {
    const name = 'test-restricted';
    let daemon: Daemon;
    let listeners: AsyncDisposable;

    before(async () => {
      // On Debian 12 pasta is a symbolic link to passt, on 13 a hard link.
      daemon = await startDaemon(testDataDirectory, inNetwork('mount --bind /dev/null /usr/bin/pasta'));
      listeners = await listenInNetworkOf(daemon.pid);
      await createTestVm(daemon, name, image, 180_000, { isBuilt: true });
    });
    after(async () => {
      await cleanUp(daemon, [name]);
      await listeners?.[Symbol.asyncDispose]();
    });

    it('without passt, a guest reaches the daemon’s port for guests, also after a restart of the daemon', async () => {
      await until(async () => (await get(name, scriptUrl)) !== '', slow);
      for (let count = 0; count < 3; count++) assert.match(await get(name, scriptUrl), /^#!\/bin\/sh\n/);
      const download = `wget -qO /tmp/agent ${agentUrl} && wget -qO - ${agentUrl}.sha256 && sha256sum </tmp/agent`;
      const sums = await guestScript(name, download, options);
      const [wanted, got] = sums.match(/^[0-9a-f]{64}/gm) ?? [];
      assert.equal(got, wanted);
      // A client that leaves in the middle of a large answer, and then one that stays.
      await innText(['exec', name, '--', 'sh', '-c', `wget -qO - ${agentUrl} | head -c 1000 >/dev/null`], options);
      await until(async () => /^#!\/bin\/sh\n/.test(await get(name, scriptUrl)), slow);
      const pid = (await showVm(name, options.dataDirectory)).hypervisor?.pid ?? 0;
      await daemon.killHard();
      daemon = await startDaemon(testDataDirectory, enterNetworkOf(pid));
      await waitForVm(name, options.dataDirectory, isConnected);
      await until(async () => /^#!\/bin\/sh\n/.test(await get(name, scriptUrl)), slow);
    });

    it('without passt, a guest has an address and reaches nothing else', async () => {
      await until(async () => /10\.0\.2\.15/.test(await innText(['exec', name, '--', 'ip', 'addr'], options)), slow);
      for (const url of [...forbidden, outsideUrl]) assert.equal(await get(name, url), '', url);
      await sendLoopbackOut(name);
      assert.equal(await get(name, `http://127.0.0.1:${hostPort}/`), '');
    });

    it('without passt, doctor reports the missing network with the reason', async () => {
      assert.match(
        await innText(['doctor', name], options),
        /network +.*restrict=on.*only reach.*install-agent.*not the internet.*pasta/s,
      );
    });
  });
});

const scriptUrl = 'http://10.0.2.2/install-agent.sh';
const agentUrl = 'http://10.0.2.2/agent/latest/linux-amd64';
const outsideUrl = `http://${addresses.outside}/`;

/** The process that keeps pasta running for a VM. */
async function keeperOf(name: string): Promise<number> {
  const { id } = await showVm(name, options.dataDirectory);
  return Number(readFileSync(join(options.dataDirectory, 'run', id.slice(0, 8), 'network.pid'), 'latin1'));
}

async function pastaOf(name: string): Promise<number> {
  const keeper = await keeperOf(name);
  const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'latin1').split(' ').filter(Boolean);
  return Number(children.find((pid) => commandLineOf(pid).startsWith('pasta\0')) ?? 0);
}

/** Empty when the process has ended. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
