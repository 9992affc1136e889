import { Worker } from 'node:worker_threads';
import { createDeferred } from '@innkeeper/kit';

/** The longest from the first signal to the end of the process, in milliseconds. systemd's default is 90 s. */
export const stopTimeoutMs = 10_000;

/** A program's request to stop. */
export interface Stop {
  /** Aborted at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Resolves then, with the exit code: 0 after SIGTERM, 130 after SIGINT. */
  readonly exitCode: Promise<number>;
}

/**
 * Listens for SIGTERM and SIGINT from now on. From the first one on, both have the kernel's meaning again: a second one
 * ends the process at once, whatever it is doing. A process that is still there after `timeoutMs` is killed by a thread
 * of its own, also when its main thread or the threads that files share are stuck.
 */
export function listenForStop(timeoutMs: number = stopTimeoutMs): Stop {
  const stopped = createDeferred<number>();
  const stop = new AbortController();
  const onSignal = (exitCode: number): void => {
    process.off('SIGTERM', onTerminate).off('SIGINT', onInterrupt);
    killAfter(timeoutMs);
    stop.abort(new Error('The daemon received a signal to stop.'));
    stopped.resolve(exitCode);
  };
  const onTerminate = (): void => onSignal(0);
  const onInterrupt = (): void => onSignal(130);
  process.on('SIGTERM', onTerminate).on('SIGINT', onInterrupt);
  return { signal: stop.signal, exitCode: stopped.promise };
}

/** A thread has its own timers, and SIGKILL needs nobody's help. */
function killAfter(timeoutMs: number): void {
  const code = `
    const { writeSync } = require('node:fs');
    setTimeout(() => {
      try {
        writeSync(2, 'innkeeper did not stop within ${timeoutMs / 1000} s and is killed; VMs keep running.\\n');
      } finally {
        process.kill(${process.pid}, 'SIGKILL');
      }
    }, ${timeoutMs});`;
  new Worker(code, { eval: true, execArgv: [] }).unref();
}
