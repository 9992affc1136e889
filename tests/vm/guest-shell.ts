import { clientOf } from './vm-state.ts';

export interface ShellOptions {
  readonly dataDirectory: string;
  /** Timeout, after which the script is ended and the test fails. Default: 120 s. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Runs a script with the shell of a guest and resolves to its standard output; rejects unless it exits with 0. For what a
 * test prepares and looks at: by the SDK in this process, since a process of `inn` takes half a second of CPU.
 */
export function guestShell(name: string, script: string, options: ShellOptions, input = ''): Promise<string> {
  const signal = AbortSignal.timeout(options.timeoutMs ?? 120_000);
  return clientOf(options.dataDirectory).vm(name).exec(['sh', '-c', script], { stdin: input, signal }).text();
}

/** The same with a shell that ends at the first command that fails. */
export function guestScript(name: string, script: string, options: ShellOptions, input = ''): Promise<string> {
  return guestShell(name, `set -e\n${script}`, options, input);
}

/** Starts a script that runs on when nobody follows it, and resolves to its id once it runs. */
export async function startInGuest(name: string, script: string, options: ShellOptions): Promise<string> {
  const start = { argv: ['sh', '-c', script], stdin: false };
  const signal = AbortSignal.timeout(options.timeoutMs ?? 120_000);
  const stream = clientOf(options.dataDirectory).exec(name, { start, detach: true, signal });
  try {
    for await (const { event } of stream) if (event.case === 'started') return stream.id;
    throw new Error(`The script in ${name} ended before it had started.`);
  } finally {
    stream.close();
  }
}
