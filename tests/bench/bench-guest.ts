import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentLink, createAgentLink } from '@innkeeper/agent-client';
import { type Accelerator, nativePort } from '@innkeeper/hypervisor';
import { mib } from '@innkeeper/kit';
import { qemuCommandLine } from '../../packages/hypervisor/src/qemu/command-line.ts';
import { openPortChannel } from '../../packages/hypervisor/src/qemu/port-channel.ts';
import { probeQemu } from '../../packages/hypervisor/src/qemu/probe.ts';
import { type RunFiles, runFiles } from '../../packages/hypervisor/src/qemu/run-files.ts';
import type { BenchImage } from './bench-image.ts';
import { waitForFirstReply } from './first-reply.ts';

const program = 'qemu-system-x86_64';
/** The benchmark's ports, in addition to those of every VM. */
const benchPorts = ['bench.raw', 'bench.ctl'] as const;

/** The VM in which everything is measured. Ended by dispose. */
export interface BenchGuest extends AsyncDisposable {
  readonly accelerator: Accelerator;
  readonly version: string;
  /** Time from the start of QEMU to the agent's welcome. */
  readonly bootMs: number;
  /** A session with Innkeeper's agent without automatic requests; `telemetryIntervalMs` as with a node, or 0. */
  openLink(telemetryIntervalMs: number): AgentLink;
  /** The host's end of a port: path of the socket. */
  portSocket(name: string): string;
}

/** Starts QEMU like a node, with two additional ports, and waits for the agent. Rejects with the guest's last output. */
export async function bootBenchGuest(image: BenchImage, directory: string): Promise<BenchGuest> {
  const runDirectory = join(directory, 'run');
  await mkdir(runDirectory);
  const files = runFiles(runDirectory);
  const { available, reason, accelerator, sandbox, version } = await probeQemu(program);
  if (!available) throw new Error(reason);
  const spec = {
    id: randomUUID(),
    name: 'bench',
    cpus: 2,
    memoryBytes: 768 * mib,
    runDirectory,
    disks: [{ path: image.diskPath, format: 'qcow2' }],
    nics: [],
    firmware: { kind: 'default' },
    kernel: image.kernel,
    snapshot: undefined,
  } as const;
  const argv = [
    // Started without -S, since the beginning of the console is not needed.
    ...qemuCommandLine(spec, { accelerator, sandbox, isRestricted: true, files }).filter(
      (argument) => argument !== '-S',
    ),
    ...benchPorts.flatMap((name, index) => extraPort(name, index, files)),
  ];
  const started = performance.now();
  const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  // Otherwise it would outlive this process.
  const onExit = (): boolean => child.kill('SIGKILL');
  process.prependOnceListener('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  const openLink = (telemetryIntervalMs: number): AgentLink =>
    createAgentLink({
      connect: (signal) => openPortChannel(files.portSocket(nativePort), nativePort, { signal }),
      identity: { vmId: spec.id, vmName: spec.name, nodeVersion: 'bench' },
      mayStepClock: false,
      telemetryIntervalMs,
    });
  try {
    await whileAlive(child, waitForFirstReply(files.portSocket(nativePort)));
  } catch (error) {
    await end(child);
    throw error;
  }
  const bootMs = performance.now() - started;
  return {
    accelerator,
    version,
    bootMs,
    openLink,
    portSocket: files.portSocket,
    [Symbol.asyncDispose]: () => end(child),
  };
}

function extraPort(name: string, index: number, files: RunFiles): string[] {
  const path = files.portSocket(name).replaceAll(',', ',,');
  const device = `virtserialport,bus=ports.0,nr=${10 + index},chardev=bench${index},name=${name}`;
  return ['-chardev', `socket,id=bench${index},path=${path},server=on,wait=off`, '-device', device];
}

/** Settles as `work`, or rejects if QEMU ends first. */
async function whileAlive<T>(child: ChildProcess, work: Promise<T>): Promise<T> {
  let printed = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-4096);
  });
  const dead = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`QEMU ended (${signal ?? code}): ${printed.trim()}`)));
  });
  return await Promise.race([work, dead]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
