import { isAbsolute, relative } from 'node:path';
import { defaultBounds, type Parser } from '../parser.ts';
import { countAllocatedBytes } from './allocated-bytes.ts';

/** What is wrong with a parser, shown by an input. */
export interface Finding {
  readonly kind: 'error' | 'slow' | 'memory' | 'hang';
  /** In one line; for an error with the place in the source that threw it. */
  readonly what: string;
  readonly bytes: Uint8Array;
}

const root = new URL('../../../', import.meta.url);

/** Runs an input; undefined if all that must hold does. */
export async function judge(parser: Parser, bytes: Uint8Array): Promise<Finding | undefined> {
  const before = performance.now();
  const first = await runOnce(parser, bytes);
  if (first !== undefined || performance.now() - before <= defaultBounds.runMs) return first;
  // The clock also counts what else runs on this machine, and the first run what is compiled for it.
  let leastMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const { user } = process.threadCpuUsage();
    await runOnce(parser, bytes);
    leastMs = Math.min(leastMs, (process.threadCpuUsage().user - user) / 1000);
  }
  if (leastMs <= defaultBounds.runMs) return undefined;
  return { kind: 'slow', what: `${bytes.length} bytes took ${Math.round(leastMs)} ms of CPU time`, bytes };
}

async function runOnce(parser: Parser, bytes: Uint8Array): Promise<Finding | undefined> {
  using allocated = countAllocatedBytes();
  try {
    const result = parser.run(bytes.slice());
    if (result instanceof Promise) await result;
  } catch (error) {
    if (parser.refuses?.(error) !== true) return { kind: 'error', what: describe(error), bytes };
  }
  const most = parser.maxAllocatedBytes ?? defaultBounds.allocatedBytes;
  if (allocated.count <= most) return undefined;
  return { kind: 'memory', what: `${bytes.length} bytes allocated ${allocated.count} bytes, more than ${most}`, bytes };
}

/** Whether two findings are the same fault. */
export function isSame(one: Finding, other: Finding): boolean {
  return one.kind === other.kind && (one.kind !== 'error' || placeOf(one.what) === placeOf(other.what));
}

function placeOf(what: string): string {
  return / at [^ ]+$/.exec(what)?.[0] ?? what;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const frame = /file:\/\/\S+?:\d+/.exec(error.stack?.split('\n    at ').slice(1).join('\n') ?? '')?.[0] ?? '';
  const path = frame === '' ? '' : relative(root.pathname, frame.replace('file://', ''));
  const place = path === '' || isAbsolute(path) ? '' : ` at ${path}`;
  return `${error.name}: ${error.message.split('\n').slice(0, 4).join(' ').slice(0, 400)}${place}`;
}
