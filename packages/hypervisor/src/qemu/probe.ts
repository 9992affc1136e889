import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { errorMessage, kib } from '@innkeeper/kit';
import type { Abortable, Probe } from '../driver.ts';
import { QmpClient } from './qmp.ts';

/** A probe takes 50 ms; this timeout is for a very busy host. */
const probeTimeoutMs = 15_000;

/** QEMU's environment: it needs nothing else, and must not inherit secrets of the daemon. */
export const childEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C',
} as const;

/** So far, images, kernels and machine types are x86-64 only. */
function otherHost(arch: string): Pick<Probe, 'reason' | 'nextStep'> {
  const reason = `This host’s CPU is ${arch}. Innkeeper currently runs VMs on x86-64 hosts only; its agent also supports arm64 guests.`;
  return { reason, nextStep: 'Run the node on an x86-64 host.' };
}

export interface QemuProbe extends Probe {
  /** Whether this build has the seccomp sandbox. */
  readonly sandbox: boolean;
}

/** Probes what QEMU and KVM can really do on this host, by starting QEMU twice briefly. Only rejects on abort. */
export async function probeQemu(program: string, { signal }: Abortable = {}): Promise<QemuProbe> {
  const nothing = { version: '', accelerator: 'tcg', acceleratorReason: '', sandbox: false } as const;
  if (process.arch !== 'x64') return { available: false, ...otherHost(process.arch), ...nothing };
  const found = await askQemu(program, ['-machine', 'none'], signal, async (client) => {
    const options = client.execute('query-command-line-options', { option: 'sandbox' }, { signal });
    return options.then(
      () => true,
      // QEMU refuses to describe an option that it was built without.
      () => false,
    );
  });
  if ('failure' in found) {
    const reason = found.missing
      ? `The program ${program} is not installed. Install it: apt-get install qemu-system-x86.`
      : `${program} does not run: ${found.failure}`;
    return { available: false, reason, ...nothing };
  }
  const acceleratorReason = await whyNotKvm(program, signal);
  return {
    available: true,
    reason: '',
    version: found.version,
    accelerator: acceleratorReason === '' ? 'kvm' : 'tcg',
    acceleratorReason,
    sandbox: found.answer,
  };
}

/**
 * Empty if KVM works. Being able to open /dev/kvm proves little: on some hosts it exists without virtualisation in the
 * CPU, and QEMU reports it as enabled until the first virtual CPU is created. So one is created and run.
 */
async function whyNotKvm(program: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch (error) {
    const denied = error instanceof Error && 'code' in error && error.code === 'EACCES';
    if (denied) return 'This user may not open /dev/kvm; add the user to the group kvm.';
    return 'There is no /dev/kvm: virtualisation is disabled in the firmware, or this host is a VM without nested virtualisation.';
  }
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'latin1'))) {
    return '/dev/kvm can be opened, but the CPU has neither vmx nor svm.';
  }
  const machine = ['-machine', 'q35', '-accel', 'kvm', '-cpu', 'host', '-m', '16', '-S'];
  const tried = await askQemu(program, machine, signal, async (client) => {
    await client.execute('cont', {}, { signal });
    const status = await client.execute('query-status', {}, { signal });
    return typeof status === 'object' && status !== null && 'running' in status && status.running === true;
  });
  if ('failure' in tried) return `/dev/kvm can be opened, but no VM runs on it: ${tried.failure}`;
  return tried.answer ? '' : '/dev/kvm can be opened, but a VM on it stops at its first instruction.';
}

type ProbeAnswer<T> =
  | { readonly version: string; readonly answer: T }
  | { readonly failure: string; readonly missing: boolean };

/** Starts QEMU with its control protocol on a pipe, queries it, and ends it. */
async function askQemu<T>(
  program: string,
  machine: readonly string[],
  signal: AbortSignal | undefined,
  ask: (client: QmpClient) => Promise<T>,
): Promise<ProbeAnswer<T>> {
  signal?.throwIfAborted();
  const argv = ['-no-user-config', '-nodefaults', '-display', 'none', ...machine, '-qmp', 'stdio'];
  const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'pipe'], env: childEnvironment, cwd: '/' });
  const end = watchEnd(child);
  try {
    const streams = { readable: child.stdout, writable: child.stdin };
    const { client, version } = await QmpClient.open(streams, { signal, timeoutMs: probeTimeoutMs });
    using _client = client;
    return { version, answer: await ask(client) };
  } catch (error) {
    signal?.throwIfAborted();
    child.kill('SIGKILL');
    const { words, missing } = await end;
    return { failure: words || errorMessage(error), missing };
  } finally {
    child.kill('SIGKILL');
    await end;
  }
}

interface ChildEnd {
  /** The last line that a child printed, or why it could not be started. */
  readonly words: string;
  readonly missing: boolean;
}

function watchEnd(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<ChildEnd> {
  let printed = '';
  child.stderr.on('data', (bytes: Buffer) => {
    printed = (printed + bytes.toString()).slice(-4 * kib);
  });
  // The pipe breaks if the program ends early; its exit is the reason.
  child.stdin.on('error', () => undefined);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ words: error.message, missing: 'code' in error && error.code === 'ENOENT' });
    });
    child.once('close', () => resolve({ words: printed.trim().split('\n').at(-1) ?? '', missing: false }));
  });
}
