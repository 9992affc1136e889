import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { onAbort } from '@innkeeper/kit';
import type { Abortable } from '../driver.ts';
import { childEnvironment } from './probe.ts';
import { inNamespace } from './user-network.ts';

const probeTimeoutMs = 15_000;

/**
 * Why a NIC cannot have its own network namespace on this host, with a remedy; empty if it can. Tries it, since it may
 * be forbidden by a kernel setting, AppArmor or a container. Only rejects on abort.
 */
export async function whyNotIsolated({ signal }: Abortable = {}): Promise<string> {
  const pasta = await run('pasta', ['--version'], signal);
  if (pasta.missing) return 'The program pasta is not installed. Install it: apt-get install passt.';
  if (pasta.failure !== '') return `pasta does not run: ${pasta.failure}.`;
  for (const [program, packageName] of [
    ['ip', 'iproute2'],
    ['setpriv', 'util-linux'],
    ['flock', 'util-linux'],
  ] as const) {
    const found = await run(program, ['--version'], signal);
    // ip prints its version only with -V; that it could be started is enough.
    if (found.missing) return `The program ${program} is not installed. Install it: apt-get install ${packageName}.`;
  }
  try {
    await access('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'This user cannot open /dev/net/tun: load the module "tun", or give it mode 0666.';
  }
  const { program, args } = inNamespace({ program: 'true', args: [] }, { lock: '/dev/null', resolvConf: undefined });
  const tried = await run(program, args, signal);
  return tried.failure === '' ? '' : `This user cannot create a network namespace: ${tried.failure}.`;
}

interface ProgramResult {
  readonly missing: boolean;
  /** The last line that the program printed, or its exit code; empty if it succeeded. */
  readonly failure: string;
}

async function run(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<ProgramResult> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: childEnvironment, cwd: '/' });
  const timer = setTimeout(() => child.kill('SIGKILL'), probeTimeoutMs);
  const stopListening = onAbort(signal, () => void child.kill('SIGKILL'));
  let printed = '';
  child.stderr.on('data', (bytes: Buffer) => {
    printed = (printed + bytes.toString()).slice(-1000);
  });
  const ran = await new Promise<ProgramResult>((resolve) => {
    child.once('error', (error) => {
      resolve({ missing: 'code' in error && error.code === 'ENOENT', failure: error.message });
    });
    child.once('close', (code, how) => {
      const failure = printed.trim().split('\n').at(-1) || `it exited with ${how ?? `exit code ${code}`}`;
      resolve({ missing: false, failure: code === 0 ? '' : failure });
    });
  });
  clearTimeout(timer);
  stopListening();
  signal?.throwIfAborted();
  return ran;
}
