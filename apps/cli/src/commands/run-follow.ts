import type { InnkeeperClient } from '@innkeeper/client';
import { OutputStream } from '@innkeeper/contract/agent';
import { type Run, type RunOutput, RunSchema } from '@innkeeper/contract/control';
import { isReasonName, OperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import type { OutputFormat } from '../context.ts';
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
  const release = onInterrupt(client, id, options.onInterrupt, leave);
  const tell = (text: string): void => void (quiet || process.stderr.write(`inn: ${text}\n`));
  let run: Run | undefined;
  let lines: RunLines | undefined;
  try {
    for await (const { event } of client.runs.watch(id, { signal: leave.signal, onInterruption: tell })) {
      if (event.case === 'run') run = event.value;
      if (event.case !== 'output' || run === undefined || asData) continue;
      if (run.targets.length > 1) lines ??= new RunLines(run.targets.map(({ vmName }) => vmName));
      await show(event.value, run, lines);
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
    tell(`left; it goes on. Follow it: inn runs follow ${id}`);
    return exitCodes.interrupted;
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
  const { errorReason, errorMessage, errorNextStep } = target;
  if (errorReason === '') return;
  const reason = isReasonName(errorReason) ? errorReason : 'INTERNAL';
  printError(new OperationError(reason, errorMessage, { nextStep: errorNextStep || undefined }), false);
}

/** The first ^C cancels the run, if it is ours, and its end is waited for; the next one leaves it. */
function onInterrupt(
  client: InnkeeperClient,
  id: string,
  first: 'cancel' | 'leave',
  leave: AbortController,
): () => void {
  let isCanceled = first === 'leave';
  const onSignal = (): void => {
    if (isCanceled) {
      leave.abort();
      return;
    }
    isCanceled = true;
    process.stderr.write('inn: cancelling; again to leave it alone\n');
    client.runs.cancel(id, { signal: leave.signal }).catch((error: unknown) => {
      if (!leave.signal.aborted) printError(error, false);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  };
}
