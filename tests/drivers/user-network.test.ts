// QEMU's user network reaches what its process reaches; here another program replaces QEMU, without a VM.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { until } from '@innkeeper/kit/testing';
import { runFiles } from '../../packages/hypervisor/src/qemu/run-files.ts';
import { type Invocation, inNamespace, joinNamespace } from '../../packages/hypervisor/src/qemu/user-network.ts';
import { killNow } from '../vm/abort.ts';
import { addresses, enterNetworkOf, hostPort, inNetwork, listenInNetworkOf, whyNoNamespace } from '../vm/namespace.ts';

/** Other programs, on a busy machine. */
const slow = { withinMs: 60_000, everyMs: 100 };
const run = promisify(execFile);
const skip = whyNoNamespace() ?? (existsSync('/usr/bin/pasta') ? false : 'pasta is not installed (package passt)');

/** Prints each address's response as JSON; null for no response within 5 s. */
const ask = `
const ask = async (url) => {
  try { return (await (await fetch(url, { signal: AbortSignal.timeout(5000) })).text()).trim(); } catch { return null; }
};
Promise.all(process.argv.slice(1).map(ask)).then((answers) => console.log(JSON.stringify(answers)));`;

describe('the network of a VM’s process', { skip, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-user-network-'));
  const files = runFiles(folder);
  let host: ChildProcess;
  let machine: ChildProcess;
  let listeners: AsyncDisposable;

  before(async () => {
    const [program = '', ...args] = [...inNetwork(), 'sh', '-c', 'echo ready; exec sleep 600'];
    host = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (host.stdout !== null) await once(host.stdout, 'data');
    listeners = await listenInNetworkOf(host.pid ?? 0);
    const sleep = { program: 'sh', args: ['-c', 'echo ready; exec sleep 600'] };
    machine = enter(inNamespace(sleep, { lock: files.networkLock, resolvConf: undefined }));
    if (machine.stdout !== null) await once(machine.stdout, 'data');
    // Root here is only root of the simulated host's namespace.
    enter(joinNamespace({ pid: machine.pid ?? 0, files, guestPort: hostPort, isRoot: true }));
    await until(async () => (await reached(`http://${addresses.outside}/`))[0] !== null, slow);
  });
  after(async () => {
    machine?.kill('SIGKILL');
    await listeners?.[Symbol.asyncDispose]();
    host?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  function enter({ program, args }: Invocation): ChildProcess {
    const [nsenter = '', ...words] = enterNetworkOf(host.pid ?? 0);
    return spawn(nsenter, [...words, program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** The responses that the process gets from each address. */
  async function reached(...urls: readonly string[]): Promise<(string | null)[]> {
    const [nsenter = '', ...words] = enterNetworkOf(host.pid ?? 0);
    const inside = ['nsenter', '-t', `${machine.pid}`, '-U', '-n', '--preserve-credentials'];
    const { stdout } = await run(nsenter, [...words, ...inside, process.execPath, '-e', ask, ...urls]);
    return JSON.parse(stdout) as (string | null)[];
  }

  it('a VM’s network reaches the internet by IPv4 and IPv6, and the port for guests', async () => {
    const urls = [`http://${addresses.outside}/`, `http://[${addresses.outside6}]/`, 'http://127.0.0.1/'];
    const wanted = [addresses.outside, addresses.outside6, '127.0.0.1'].map((address) => `reached ${address}`);
    assert.deepEqual(await reached(...urls), wanted);
  });

  it('a VM’s network reaches neither the host’s loopback by any name, nor its address, nor metadata services', async () => {
    const local = ['127.0.0.1', '[::1]', '0.0.0.0', '[::ffff:127.0.0.1]', addresses.own, `[${addresses.own6}]`];
    const urls = [
      ...local.map((address) => `http://${address}:${hostPort}/`),
      ...[`http://${addresses.metadata}/`, `http://[${addresses.metadata6}]/`],
    ];
    assert.deepEqual(
      await reached(...urls),
      urls.map(() => null),
    );
  });

  it('a VM’s network recovers when pasta is killed, and ends with the process', async () => {
    const keeper = Number(readFileSync(files.networkPid, 'latin1'));
    const pasta = pastaOf(keeper);
    killNow(pasta);
    await until(async () => (await reached(`http://${addresses.outside}/`))[0] !== null, slow);
    const next = pastaOf(keeper);
    assert.notEqual(next, pasta);
    machine.kill('SIGKILL');
    await until(async () => !isRunning(keeper) && !isRunning(next), slow);
  });
});

describe('a host that cannot isolate a VM’s network', { skip: whyNoNamespace() ?? false }, () => {
  const probe = join(import.meta.dirname, '../../packages/hypervisor/src/qemu/user-network-probe.ts');
  const script = `import { whyNotIsolated } from '${probe}'; console.log(await whyNotIsolated());`;

  for (const [what, before, reason] of [
    [
      'passt does not run',
      'mount --bind /dev/null "$(readlink -f /usr/bin/pasta)"',
      /^pasta does not run|^The program pasta/,
    ],
    ['no /dev/net/tun', 'mount -t tmpfs none /dev/net', /cannot open \/dev\/net\/tun|^The program pasta/],
  ] as const) {
    it(`a host that cannot isolate a VM’s network is detected with the reason: ${what}`, async (t) => {
      const [program = '', ...args] = [...inNetwork(before), process.execPath, '--input-type=module', '-e', script];
      const { stdout, stderr, failure } = await run(program, args).then(
        (ran) => ({ ...ran, failure: '' }),
        (error: Error) => ({ stdout: '', stderr: error.message, failure: error.message }),
      );
      if (failure !== '') return t.skip(`this cannot be simulated here: ${stderr.trim()}`);
      assert.match(stdout, reason);
    });
  }
});

function pastaOf(keeper: number): number {
  const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'latin1').split(' ').filter(Boolean);
  return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('pasta\0')) ?? 0);
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
