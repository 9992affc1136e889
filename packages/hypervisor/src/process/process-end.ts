import type { ChildProcess } from 'node:child_process';
import { createDeferred } from '@innkeeper/kit';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/**
 * Polling interval in milliseconds for a process that is not a child. The end of its control socket is noticed earlier.
 */
const pollMs = 1000;

/** The same after a sign that it is ending. */
const expectantPollMs = 20;

/** The end of a process; code and signal are only known for a child. */
export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** Watches for the end of a process, which may have another parent. */
export interface ProcessWatch extends Disposable {
  /** Never rejects. Stays pending if the watch is disposed of first. */
  readonly ended: Promise<ProcessEnd>;
  /** Call it on a sign that the process is ending: checks at once, and keeps the program alive until it has ended. */
  expect(): void;
}

/** Watches a child by its exit event. The child may be unref'd, so that it does not keep the program alive. */
export function watchChild(child: ChildProcess): ProcessWatch {
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }));
  });
  return { ended, expect: () => child.ref(), [Symbol.dispose]: () => undefined };
}

/** Watches any process by polling /proc once a second; this alone does not keep the program alive. */
export function watchProcess(identity: ProcessIdentity): ProcessWatch {
  const ended = createDeferred<ProcessEnd>();
  const look = (): void => {
    if (isAlive(identity)) return;
    clearInterval(timer);
    ended.resolve({ exitCode: undefined, signal: undefined });
  };
  let timer = setInterval(look, pollMs);
  timer.unref();
  const expect = (): void => {
    clearInterval(timer);
    timer = setInterval(look, expectantPollMs);
    look();
  };
  return { ended: ended.promise, expect, [Symbol.dispose]: () => clearInterval(timer) };
}
