import { Worker } from 'node:worker_threads';
import type { Finding } from './judge.ts';

export interface FuzzRequest {
  /** The address of the file with the parser. */
  readonly module: string;
  readonly name: string;
  readonly seconds: number;
  readonly seed: number;
  /** Whether the inputs to keep are wanted. */
  readonly keeps: boolean;
  /** An input that takes longer never ends. Default: 30 s, also for a busy machine. */
  readonly hangMs?: number;
}

export interface FuzzResult {
  readonly runs: number;
  readonly seconds: number;
  readonly blocks: { readonly reached: number; readonly known: number };
  readonly kept: readonly Uint8Array[] | undefined;
  readonly finding: Finding | undefined;
}

const defaultHangMs = 30_000;
const lookMs = 250;
const maxShownBytes = 1024 * 1024;

const nothing = { seconds: 0, blocks: { reached: 0, known: 0 }, kept: undefined } as const;

/** Fuzzes a parser in a thread of its own. Rejects if that fails by itself. */
export async function fuzzParser(request: FuzzRequest): Promise<FuzzResult> {
  const { hangMs = defaultHangMs } = request;
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const current = new Uint8Array(new SharedArrayBuffer(maxShownBytes));
  const workerData = { ...request, progress, current };
  const worker = new Worker(new URL('./fuzz-thread.ts', import.meta.url), { workerData });
  const ended = Promise.withResolvers<FuzzResult>();
  worker.once('message', ended.resolve);
  worker.once('error', ended.reject);
  worker.once('exit', (code) => ended.reject(new Error(`The thread ended without a result (${code}).`)));
  let last = -1;
  let sinceMs = performance.now();
  const looking = setInterval(() => {
    const now = Atomics.load(progress, 0);
    if (now !== last) [last, sinceMs] = [now, performance.now()];
    else if (now > 0 && performance.now() - sinceMs > hangMs) {
      const bytes = current.slice(0, Atomics.load(progress, 1));
      const what = `${bytes.length} bytes did not end within ${hangMs / 1000} s`;
      ended.resolve({ ...nothing, runs: now, finding: { kind: 'hang', what, bytes } });
    }
  }, lookMs);
  try {
    return await ended.promise;
  } finally {
    clearInterval(looking);
    await worker.terminate();
  }
}
