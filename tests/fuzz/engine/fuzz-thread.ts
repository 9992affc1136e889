// The thread in which a parser is fuzzed, so that the main thread can stop it when an input never ends.
import { parentPort, workerData } from 'node:worker_threads';
import { loadParsers } from '../parsers.ts';
import { BranchCoverage } from './branch-coverage.ts';
import { readCorpus } from './corpus-file.ts';
import { explore } from './explore.ts';
import type { FuzzRequest, FuzzResult } from './fuzz-parser.ts';
import { distill, shrink } from './shrink.ts';

const corpusBounds = { entries: 64, entryBytes: 4096, totalBytes: 6 * 1024 } as const;

const { module, name, seconds, seed, keeps, progress, current } = workerData as FuzzRequest & {
  readonly progress: Int32Array;
  readonly current: Uint8Array;
};

/** Of this file and those that it loads, nothing counts; V8 counts blocks only in what is loaded later. */
using coverage = new BranchCoverage(/^$/);
const parser = (await loadParsers(module)).find((each) => each.name === name);
if (parser === undefined) throw new Error(`${module} has no parser "${name}".`);
coverage.covers = parser.covers;

const show = (bytes: Uint8Array): void => {
  current.set(bytes.subarray(0, current.length));
  Atomics.store(progress, 1, bytes.length);
  Atomics.add(progress, 0, 1);
};
const started = performance.now();
const untilMs = started + seconds * 1000;
const { runs, pool, finding } = await explore(parser, {
  coverage,
  seed,
  corpus: readCorpus(name),
  isOver: () => performance.now() >= untilMs,
  onInput: show,
});
const result: FuzzResult = {
  runs,
  seconds: (performance.now() - started) / 1000,
  blocks: coverage.blocks,
  kept: keeps && finding === undefined ? await distill(parser, coverage, pool, corpusBounds) : undefined,
  finding: finding === undefined ? undefined : await shrink(parser, finding),
};
parentPort?.postMessage(result);
