import type { ChildProcess } from 'node:child_process';
import { createDeferred } from '@innkeeper/kit';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/** How often a process that is not our child is looked at. Its control socket's end tells sooner. */
const pollMs = 1000;

/** The same once something hints that it is ending. */
const expectantPollMs = 20;

/** The end of a process; code and signal are known of a child only. */
export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** Tells when a process ends that may have another parent than us. */
export interface ProcessWatch extends Disposable {
  /** Never rejects. Stays pending when the watch is disposed of first. */
  readonly ended: Promise<ProcessEnd>;
  /** Something hints that it is ending: looks at once, and keeps the program alive until it knows. */
  expect(): void;
}

/** Watches a child by its exit event. The child may be unref'd, so that it does not keep the program alive. */
export function watchChild(child: ChildProcess): ProcessWatch {
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }));
  });
  return { ended, expect: () => child.ref(), [Symbol.dispose]: () => undefined };
}

/** Watches any process by looking at /proc once a second; that alone does not keep the program alive. */
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
