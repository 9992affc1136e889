import { OperationError } from '@innkeeper/contract/errors';
import { Notifier, onAbort } from '@innkeeper/kit';
import type { ChildProcess, Host, ProcessExit } from '../host.ts';
import { LineSplitter } from './line-splitter.ts';

const maxErrorChars = 500;
const sigkill = 9;
/** The last variable marks these programs as not part of a command: process-tree.ts. */
const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C', 'INNKEEPER_JOB=1'];

/**
 * The lines that a program prints, in batches as they arrive; it waits while the reader does. It is killed when the reader
 * stops or `signal` is aborted. Rejects with GUEST_IO and its words if it fails, with HostError if it cannot be started.
 */
export async function* programLines(
  host: Host,
  argv: readonly string[],
  maxLineBytes: number,
  signal: AbortSignal,
): AsyncGenerator<string[], void, undefined> {
  const [program = ''] = argv;
  const child = host.processes.spawn({
    programs: [program],
    argv,
    environment,
    directory: '/',
    identity: undefined,
    stdio: 'pipes',
    stdin: false,
    terminalSize: undefined,
    groupEntry: undefined,
  });
  const changes = new Notifier();
  let exit: ProcessExit | undefined;
  child.onExit((ended) => {
    exit = ended;
    changes.notify();
  });
  const errors = collectErrors(child);
  const splitter = new LineSplitter(maxLineBytes);
  let lines: string[] = [];
  let isEnded = false;
  child.stdout.onData((bytes) => {
    lines.push(...(bytes === undefined ? splitter.finish() : splitter.push(bytes)));
    isEnded = bytes === undefined;
    if (lines.length > 0) child.stdout.pause();
    changes.notify();
  });
  const stopListening = onAbort(signal, () => changes.notify());
  try {
    for (;;) {
      child.stdout.resume();
      await changes.until(() => lines.length > 0 || isEnded || signal.aborted);
      signal.throwIfAborted();
      const batch = lines;
      lines = [];
      if (batch.length > 0) yield batch;
      else break;
    }
    await changes.until(() => exit !== undefined || signal.aborted);
    if (exit?.exitCode !== 0)
      throw new OperationError('GUEST_IO', `${program} failed (exit code ${exit?.exitCode ?? 'unknown'}): ${errors()}`);
  } finally {
    stopListening();
    if (exit === undefined) killGroup(host, child);
    child.stdout.close();
    child.stderr?.close();
  }
}

/** Reads standard error to its end; the beginning is kept. */
function collectErrors({ stderr }: ChildProcess): () => string {
  let text = '';
  const decoder = new TextDecoder();
  stderr?.onData((bytes) => {
    if (bytes !== undefined && text.length < maxErrorChars) text += decoder.decode(bytes).slice(0, maxErrorChars);
  });
  stderr?.resume();
  return () => text.trim();
}

function killGroup(host: Host, { pid }: ChildProcess): void {
  try {
    host.processes.kill(-pid, sigkill);
  } catch {
    // ESRCH: has already ended.
  }
}
