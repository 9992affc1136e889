import type { Parser } from '../parser.ts';
import type { BranchCoverage } from './branch-coverage.ts';
import { type Finding, isSame, judge } from './judge.ts';

/** Trials of shorter inputs, and how long they may take. */
const maxTrials = 2000;
const maxShrinkMs = 10_000;

/** A shorter input with the same fault. */
export async function shrink(parser: Parser, finding: Finding): Promise<Finding> {
  let best = finding;
  let trials = 0;
  const untilMs = performance.now() + maxShrinkMs;
  const isOver = (): boolean => trials > maxTrials || performance.now() > untilMs;
  const trying = async (bytes: Uint8Array): Promise<boolean> => {
    trials++;
    if (isOver()) return false;
    const found = await judge(parser, bytes);
    if (found === undefined || !isSame(found, finding)) return false;
    best = found;
    return true;
  };
  for (let size = Math.ceil(best.bytes.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < best.bytes.length && !isOver(); )
      if (!(await trying(without(best.bytes, at, size)))) at += size;
  return best;
}

function without(bytes: Uint8Array, at: number, size: number): Uint8Array {
  const rest = bytes.subarray(Math.min(at + size, bytes.length));
  const shorter = new Uint8Array(at + rest.length);
  shorter.set(bytes.subarray(0, at));
  shorter.set(rest, at);
  return shorter;
}

export interface CorpusBounds {
  readonly entries: number;
  readonly entryBytes: number;
  readonly totalBytes: number;
}

/** The inputs that are kept: short ones first, each only if it reaches something that those before do not. */
export async function distill(
  parser: Parser,
  coverage: BranchCoverage,
  pool: readonly Uint8Array[],
  { entries, entryBytes, totalBytes }: CorpusBounds,
): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = [];
  let left = totalBytes;
  coverage.reset();
  for (const bytes of pool.filter(({ length }) => length <= entryBytes).toSorted((a, b) => a.length - b.length)) {
    if (kept.length === entries || bytes.length > left) continue;
    coverage.skip();
    if ((await judge(parser, bytes)) !== undefined || !coverage.learn()) continue;
    kept.push(bytes);
    left -= bytes.length;
  }
  return kept;
}
