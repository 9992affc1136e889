/** `npm run bench -- agent|plain|dialects|control [--json] [--quick]`: docs/develop/bench.md. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAgent } from './agent/agent-bench.ts';
import { benchPlain } from './agent/plain-bench.ts';
import type { BenchOptions } from './bench-options.ts';
import { benchControl } from './control/control-bench.ts';
import { benchDialects } from './dialects/dialects-bench.ts';
import type { Metric } from './metric.ts';
import { metricLine, metricRow } from './print.ts';

const usage = 'usage: npm run bench -- agent|plain|dialects|control [--json] [--quick]';

interface Bench {
  readonly run: (options: BenchOptions) => AsyncIterable<Metric>;
  readonly timeoutMs: number;
}

const benches: Readonly<Record<string, Bench>> = {
  // It takes five minutes on an idle machine, and images may have to be built first.
  agent: { run: benchAgent, timeoutMs: 20 * 60_000 },
  // Part of `agent`; by itself it needs neither a VM nor an image.
  plain: { run: benchPlain, timeoutMs: 5 * 60_000 },
  // Every dialect beside qemu-ga, as plain processes.
  dialects: { run: benchDialects, timeoutMs: 10 * 60_000 },
  control: { run: benchControl, timeoutMs: 3 * 60_000 },
};

/** Exit codes: 0: measured, whatever the figures; 1: could not be measured; 2: usage error. */
async function main(): Promise<number> {
  let bench: Bench;
  let json: boolean;
  let quick: boolean;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
    });
    const [name = '', ...more] = positionals;
    const named = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (named === undefined || more.length > 0)
      throw new Error('Choose what to measure: agent, plain, dialects or control.');
    bench = named;
    ({ json, quick } = values);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  const directory = await mkdtemp(join(tmpdir(), 'ik-bench-'));
  const out = (line: string): boolean => process.stdout.write(`${line}\n`);
  // Signals call process.exit, whose handlers end the VMs.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const watchdog = setTimeout(() => {
    process.stderr.write(`The benchmark did not finish within ${bench.timeoutMs / 60_000} minutes.\n`);
    process.exit(1);
  }, bench.timeoutMs);
  if (!json) out(header());
  try {
    const onStage = (stage: string): boolean => process.stderr.write(`  … ${stage}\n`);
    for await (const metric of bench.run({ quick, directory, onStage }))
      out(json ? metricLine(metric) : metricRow(metric));
    return 0;
  } catch (error) {
    process.stderr.write(`The benchmark failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
    return 1;
  } finally {
    clearTimeout(watchdog);
  }
}

function header(): string {
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  const [cpu] = cpus();
  return `${new Date().toISOString()}  ${cpus().length} × ${cpu?.model ?? 'CPU'}  load average ${load}`;
}

process.exit(await main());
