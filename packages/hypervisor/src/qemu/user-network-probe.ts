import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Abortable } from '../driver.ts';
import { childEnvironment } from './probe.ts';
import { inNamespace } from './user-network.ts';

const probeTimeoutMs = 15_000;

/**
 * Why a NIC cannot have a network namespace of its own on this host, with what helps; empty when it can. Tries it, for
 * what may forbid it is a setting of the kernel, AppArmor or a container. Never rejects but on abort.
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
    // ip says its version with -V alone; that it was started is enough.
    if (found.missing) return `The program ${program} is not installed. Install it: apt-get install ${packageName}.`;
  }
  try {
    await access('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'This user cannot open /dev/net/tun: load the module "tun", or give it mode 0666.';
  }
  const { program, args } = inNamespace({ program: 'true', args: [] }, { lock: '/dev/null', resolvConf: undefined });
  const tried = await run(program, args, signal);
  return tried.failure === '' ? '' : `This user cannot make a network namespace: ${tried.failure}.`;
}

interface Ran {
  readonly missing: boolean;
  /** The last line that it printed, or its exit code; empty when it succeeded. */
  readonly failure: string;
}

async function run(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<Ran> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: childEnvironment, cwd: '/' });
  const timer = setTimeout(() => child.kill('SIGKILL'), probeTimeoutMs);
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  let printed = '';
  child.stderr.on('data', (bytes: Buffer) => {
    printed = (printed + bytes.toString()).slice(-1000);
  });
  const ran = await new Promise<Ran>((resolve) => {
    child.once('error', (error) => {
      resolve({ missing: 'code' in error && error.code === 'ENOENT', failure: error.message });
    });
    child.once('close', (code, how) => {
      const failure = printed.trim().split('\n').at(-1) || `it ended with ${how ?? `exit code ${code}`}`;
      resolve({ missing: false, failure: code === 0 ? '' : failure });
    });
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', kill);
  signal?.throwIfAborted();
  return ran;
}
