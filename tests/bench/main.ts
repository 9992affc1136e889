/** `npm run bench -- agent [--json] [--quick]`: docs/develop/bench.md. */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAgent } from './agent/agent-bench.ts';
import { metricLine, metricRow } from './print.ts';

const usage = 'usage: npm run bench -- agent [--json] [--quick]';

/** 0: measured, whatever the figures; 1: could not be measured; 2: not understood. */
async function main(): Promise<number> {
  let json: boolean;
  let quick: boolean;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
    });
    if (positionals.length !== 1 || positionals[0] !== 'agent') throw new Error('What is to be measured: agent?');
    ({ json, quick } = values);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  const directory = await mkdtemp(join(tmpdir(), 'ik-bench-'));
  const out = (line: string): boolean => process.stdout.write(`${line}\n`);
  if (!json) out(header());
  try {
    const onStage = (stage: string): boolean => process.stderr.write(`  … ${stage}\n`);
    for await (const metric of benchAgent({ quick, directory, onStage }))
      out(json ? metricLine(metric) : metricRow(metric));
    return 0;
  } catch (error) {
    process.stderr.write(`It could not be measured: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
    return 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
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
