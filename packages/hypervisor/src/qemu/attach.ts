import { setTimeout as delay } from 'node:timers/promises';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, type Log } from '@innkeeper/kit';
import { isAlive } from '../process/process-identity.ts';
import { connectUnixSocket } from '../process/unix-socket.ts';
import { QemuConsole } from './console.ts';
import type { QemuProcess } from './qemu-record.ts';
import { QmpClient } from './qmp.ts';
import type { RunFiles } from './run-files.ts';

/** Milliseconds between two attempts to connect to a control socket that does not exist yet. */
const retryMs = 10;

export interface AttachOptions {
  readonly process: QemuProcess;
  readonly files: RunFiles;
  /** Whether an earlier daemon started this VM. */
  readonly resume: boolean;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

export interface Attachment {
  readonly control: QmpClient;
  readonly console: QemuConsole;
}

/**
 * Connects to a QEMU's control socket and console, waiting until it listens. Rejects with HYPERVISOR_UNREACHABLE at the
 * deadline, with ProcessGone if the process ends meanwhile.
 */
export async function attach(options: AttachOptions): Promise<Attachment> {
  const { files, log, resume, signal } = options;
  const control = await connectControl(options);
  try {
    const console = await QemuConsole.open(
      { socketPath: files.consoleSocket, directory: options.process.runDirectory, resume, log },
      { signal },
    );
    return { control, console };
  } catch (error) {
    control[Symbol.dispose]();
    throw error;
  }
}

/** The process ended while waiting for it; its starter reports how. */
export class ProcessGone extends Error {
  override readonly name = 'ProcessGone';
}

async function connectControl(options: AttachOptions): Promise<QmpClient> {
  const { files, signal, timeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const leftMs = Math.max(Math.round(deadline - performance.now()), retryMs);
    try {
      const socket = await connectUnixSocket(files.controlSocket, { signal });
      const { client } = await QmpClient.open({ readable: socket, writable: socket }, { signal, timeoutMs: leftMs });
      return client;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isAlive(options.process)) throw new ProcessGone('the process ended', { cause: error });
      if (performance.now() + retryMs >= deadline) throw unreachable(timeoutMs, error);
    }
    await delay(retryMs);
  }
}

function unreachable(timeoutMs: number, cause: unknown): OperationError {
  const why = errorMessage(cause);
  return new OperationError(
    'HYPERVISOR_UNREACHABLE',
    `QEMU is running, but its control socket did not answer within ${timeoutMs} ms; another program may be connected to it (${why}).`,
    { cause },
  );
}
