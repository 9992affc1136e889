import { setTimeout as delay } from 'node:timers/promises';
import type { AgentLink } from '@innkeeper/agent-client';
import { nativePort } from '@innkeeper/hypervisor';
import { type BenchGuest, bootBenchGuest } from '../bench-guest.ts';
import { agentBinaryPath, compileBenchPeer, makeBenchImage } from '../bench-image.ts';
import type { BenchOptions } from '../bench-options.ts';
import { waitForFirstReply } from '../first-reply.ts';
import type { GuestShell } from '../guest-shell.ts';
import { guestFolder, guestPeer, guestTrue, installGuestTools } from '../guest-tools.ts';
import type { Metric } from '../metric.ts';
import { QgaClient } from '../qga-client.ts';
import { RawPort } from '../raw-port.ts';
import { measureIdle, measureMemory, type Pids } from './footprint.ts';
import { measureInjection } from './injection.ts';
import { measureExec, measurePing } from './latency.ts';
import { benchPlain } from './plain-bench.ts';
import { measureSize } from './sizes.ts';
import { measureStartup } from './startup.ts';
import { measureTransfers, moveVolume } from './transfer.ts';
import { measureWholePath } from './whole-path.ts';

const rawDevice = '/dev/virtio-ports/bench.raw';
const qgaPort = 'org.qemu.guest_agent.0';

/** Yields all figures of the agent as they are measured. Rejects when something could not be measured. */
export async function* benchAgent(options: BenchOptions): AsyncGenerator<Metric> {
  const { quick, directory, onStage } = options;
  yield* await measureSize(agentBinaryPath);
  yield* benchPlain(options);
  const peerPath = compileBenchPeer(directory);
  const image = await makeBenchImage('debian', directory, onStage);
  onStage('installing the agent in the image');
  yield* await measureInjection(image.originalPath, directory, quick ? 3 : 7);
  onStage('create → agent ready, inn cp');
  yield* await measureWholePath(directory, quick ? 1 : 3);
  onStage('booting');
  await using guest = await bootBenchGuest(image, directory);
  onStage(`QEMU ${guest.version} with ${guest.accelerator}, booted in ${(guest.bootMs / 1000).toFixed(1)} s`);
  await using link = guest.openLink(0);
  const shell = await installGuestTools(guest, link, peerPath);
  yield* measureInGuest({ ...options, guest, shell, link });
}

interface InGuest extends BenchOptions {
  readonly guest: BenchGuest;
  readonly shell: GuestShell;
  readonly link: AgentLink;
}

async function* measureInGuest({ guest, shell, link, quick, onStage }: InGuest): AsyncGenerator<Metric> {
  const idleSeconds = quick ? 10 : 60;
  {
    await using qga = await QgaClient.open(guest.portSocket(qgaPort));
    await using raw = await RawPort.open(guest.portSocket('bench.raw'));
    await qga.sync();
    const pids = await findPids(shell);
    yield* await measureMemory(shell, pids, 'idle', 3);
    await shell.start(`${guestPeer} ${rawDevice} ${guestTrue}`);
    onStage('ping');
    yield* await measurePing(link, qga, raw, quick ? 100 : 300);
    onStage('exec');
    yield* await measureExec(link, qga, raw, guestTrue, quick ? 60 : 300);
    // Any other command ends it, which frees the port for dd.
    await raw.write('q');
    await shell.run('wait');
    const tools = { link, qga, raw, shell, rawDevice, folder: guestFolder };
    onStage('files');
    yield* await measureTransfers(tools, quick ? 1 : 3);
    onStage('1 GiB through the agent');
    await moveVolume(tools, quick ? 128 : 1024);
    yield* await measureMemory(shell, pids, `after ${quick ? '128 MiB' : '1 GiB'}`, 6);
  }
  onStage(`idle with a host, ${idleSeconds} s`);
  yield* await measureIdleWithHost({ guest, shell, link }, idleSeconds);
  await link[Symbol.asyncDispose]();
  onStage(`idle without a host, ${idleSeconds} s`);
  yield* await measureIdle(shell, await findPids(shell), 'without a host', idleSeconds, Math.ceil(idleSeconds / 5));
  onStage('start');
  yield* await measureStartup(await startupTools(guest, shell), quick ? 5 : 15);
}

/** Idle with a host: a session with telemetry every 5 s, as with a node. */
async function measureIdleWithHost(
  { guest, shell, link }: Pick<InGuest, 'guest' | 'shell' | 'link'>,
  seconds: number,
): Promise<Metric[]> {
  await link[Symbol.asyncDispose]();
  await using qga = await QgaClient.open(guest.portSocket(qgaPort));
  await qga.sync();
  await using reporting = guest.openLink(5000);
  const reports = new Promise((resolve) => reporting.onTelemetry(resolve));
  await reports;
  // Excludes what the first report loads and allocates.
  await delay(1000);
  return await measureIdle(shell, await findPids(shell), 'with a host', seconds, undefined);
}

async function findPids(shell: GuestShell): Promise<Pids> {
  const pidOf = async (unit: string): Promise<number> => {
    // Guests start both late, after their ports.
    const show = `systemctl show --value -p MainPID ${unit}`;
    const wait = `for n in $(seq 100); do [ "$(${show})" != 0 ] && break; sleep 0.2; done`;
    const pid = Number(await shell.run(`${wait}; ${show}`));
    if (!(pid > 0)) throw new Error(`${unit} is not running in the guest.`);
    return pid;
  };
  return { ours: await pidOf('innkeeper-agent'), theirs: await pidOf('qemu-guest-agent') };
}

async function startupTools(guest: BenchGuest, shell: GuestShell): Promise<Parameters<typeof measureStartup>[0]> {
  await shell.run('systemctl stop innkeeper-agent qemu-guest-agent');
  const programs = 'innkeeper-agent qemu-ga';
  return {
    shell,
    qgaSocketPath: guest.portSocket(qgaPort),
    qgaCommand: '/usr/sbin/qemu-ga',
    agentCommand: '/usr/local/bin/innkeeper-agent serve',
    helloOnce: () => waitForFirstReply(guest.portSocket(nativePort)),
    stopBoth: async () => {
      await shell.run(
        `for p in $(pidof ${programs}); do kill $p; done; while pidof ${programs} >/dev/null; do sleep 0.02; done; wait`,
      );
    },
  };
}
