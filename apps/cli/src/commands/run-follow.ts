import type { InnkeeperClient } from '@innkeeper/client';
import { OutputStream } from '@innkeeper/contract/agent';
import { type Run, type RunOutput, RunSchema } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import type { OutputFormat } from '../context.ts';
import { EndedBySignal, onDeadlySignal } from '../ended-by-signal.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatBytes } from '../output/figures.ts';
import { printObject } from '../output/json.ts';
import { printError } from '../output/print-error.ts';
import { formatTable } from '../output/table.ts';
import { writeAll } from '../write-all.ts';
import { runExitCode } from './run-exit-code.ts';
import { RunLines } from './run-lines.ts';
import { droppedBytes, runTargetColumns } from './run-table.ts';

export interface FollowRunOptions {
  readonly output: OutputFormat;
  readonly quiet?: boolean;
  /** What ^C does first. Leaving it alone is what a second one does. */
  readonly onInterrupt: 'cancel' | 'leave';
}

/**
 * Shows a run until it has ended: its output as it comes, with -o json or yaml the run itself at the end. Gives the exit
 * code.
 */
export async function followRun(client: InnkeeperClient, id: string, options: FollowRunOptions): Promise<number> {
  const { output, quiet = false } = options;
  const asData = output === 'json' || output === 'yaml';
  const leave = new AbortController();
  let isLost = false;
  const release = onInterrupt(client, id, options.onInterrupt, leave, () => isLost);
  const tell = (text: string): void => void (quiet || process.stderr.write(`inn: ${text}\n`));
  const onInterruption = (what: string): void => {
    isLost = what.endsWith(' lost');
    tell(what);
  };
  let run: Run | undefined;
  let lines: RunLines | undefined;
  try {
    for await (const { event } of client.runs.watch(id, { signal: leave.signal, onInterruption })) {
      if (event.case === 'run') run = event.value;
      if (event.case !== 'output' || run === undefined || asData) continue;
      if (run.targets.length > 1) lines ??= new RunLines(run.targets.map(({ vmName }) => vmName));
      await show(event.value, run, lines);
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
    tell(`left; it goes on. Follow it: inn runs follow ${id}`);
    throw leave.signal.reason;
  } finally {
    release();
    await lines?.end();
  }
  if (run === undefined) throw new CliError(`The daemon told nothing of run ${id}.`, { exitCode: exitCodes.general });
  if (asData) printObject(output, RunSchema, run);
  else if (!quiet || run.targets.length === 1) summarize(run);
  return runExitCode(run);
}

async function show({ vmId, stream, data }: RunOutput, run: Run, lines: RunLines | undefined): Promise<void> {
  const to = stream === OutputStream.STDERR ? process.stderr : process.stdout;
  const name = run.targets.find((target) => target.vmId === vmId)?.vmName ?? vmId;
  if (lines === undefined) await writeAll(to, data);
  else await lines.write(to, name, data);
}

/** Of one target only what went wrong, of many a table. */
function summarize({ targets }: Run): void {
  const [target] = targets;
  if (targets.length > 1) {
    process.stderr.write(formatTable(targets, runTargetColumns, { headers: true }));
    return;
  }
  if (target === undefined) return;
  const dropped = droppedBytes(target);
  if (dropped > 0n) process.stderr.write(`inn: ${formatBytes(dropped)} of output were not kept\n`);
  const { errorReason: reason, errorMessage: message, errorNextStep: nextStep } = target;
  if (reason !== '') printError(OperationError.fromWire({ reason, message, nextStep }), false);
}

/** The first ^C or TERM cancels the run, if it is ours, and its end is waited for; the next one, or HUP, leaves it. */
function onInterrupt(
  client: InnkeeperClient,
  id: string,
  first: 'cancel' | 'leave',
  leave: AbortController,
  isLost: () => boolean,
): () => void {
  let isCanceled = first === 'leave';
  return onDeadlySignal((signal) => {
    // Nobody is there any more who could say it again.
    if (isCanceled || isLost() || signal === 'SIGHUP') {
      leave.abort(new EndedBySignal(signal));
      return;
    }
    isCanceled = true;
    process.stderr.write('inn: cancelling; again to leave it alone\n');
    client.runs.cancel(id, { signal: leave.signal }).catch((error: unknown) => {
      if (!leave.signal.aborted) printError(error, false);
    });
  });
}
