import type { InnkeeperClient } from '@innkeeper/client';
import { OutputStream } from '@innkeeper/contract/agent-lite';
import { type Run, type RunOutput, RunSchema, RunState } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { timersOf, withDeadline } from '@innkeeper/kit';
import { onBrokenOutput } from '../broken-output.ts';
import { CliError } from '../cli-error.ts';
import { EndedBySignal, onTerminationSignal, type TerminationSignal } from '../ended-by-signal.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatBytes } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { printError } from '../output/print-error.ts';
import { formatTable } from '../output/table.ts';
import { writeAll } from '../write-all.ts';
import { endedCode, endNotes, failureCode } from './command-exit-code.ts';
import { RunLines } from './run-lines.ts';
import { droppedBytes, runTargetColumns } from './run-table.ts';

/** Milliseconds that the daemon may take to note that a run is cancelled. */
const cancelWithinMs = 5000;

interface FollowRunOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly quiet: boolean;
  /** What the first ^C does; the second one always detaches. */
  readonly onInterrupt: 'cancel' | 'detach';
}

/**
 * Shows a run until it has ended: its output as it arrives, or with -o json or yaml the run itself at its end. Returns
 * the exit code.
 */
export async function followRun(client: InnkeeperClient, id: string, options: FollowRunOptions): Promise<number> {
  const { output, quiet } = options;
  const detach = new AbortController();
  let isLost = false;
  let canceledBy: TerminationSignal | undefined;
  const onCancel = (signal: TerminationSignal): void => {
    canceledBy = signal;
  };
  const release = onInterrupt(client, id, options.onInterrupt, detach, { isLost: () => isLost, onCancel });
  // As a command whose output is no longer read; a run that is only watched goes on.
  const cancel = async (): Promise<void> => {
    if (options.onInterrupt !== 'cancel') return;
    const late = (): Error => new OperationError('DEADLINE_EXCEEDED', 'The call timed out.');
    const deadline = { timers: timersOf(globalThis), timeoutMs: cancelWithinMs, late };
    await withDeadline(deadline, (signal) => client.runs.cancel(id, { signal }));
  };
  const forgetOutput = onBrokenOutput(cancel, exitCodes.general);
  const note = (text: string): void => void (quiet || process.stderr.write(`inn: ${text}\n`));
  const onInterruption = (what: string): void => {
    isLost = what.endsWith(' lost');
    note(what);
  };
  let run: Run | undefined;
  let lines: RunLines | undefined;
  try {
    for await (const { event } of client.runs.watch(id, { signal: detach.signal, onInterruption })) {
      if (event.case === 'run') run = event.value;
      if (event.case !== 'output' || run === undefined || output !== 'table') continue;
      if (run.targets.length > 1) lines ??= new RunLines(run.targets.map(({ vmName }) => vmName));
      await show(event.value, run, lines);
    }
  } catch (error) {
    if (!detach.signal.aborted) throw error;
    note(`detached; the run continues. Follow it: inn runs follow ${id}`);
    throw detach.signal.reason;
  } finally {
    release();
    await lines?.end();
    forgetOutput();
  }
  if (run === undefined)
    throw new CliError(`The daemon reported nothing about run ${id}.`, { exitCode: exitCodes.general });
  if (output !== 'table') printObject(output, RunSchema, run);
  else if (!quiet || run.targets.length === 1) summarize(run);
  // Ended by the signal itself, so that a loop in a shell stops.
  if (canceledBy !== undefined && run.state === RunState.CANCELED) throw new EndedBySignal(canceledBy);
  return exitCodeOf(run);
}

async function show({ vmId, stream, data }: RunOutput, run: Run, lines: RunLines | undefined): Promise<void> {
  const to = stream === OutputStream.STDERR ? process.stderr : process.stdout;
  const name = run.targets.find((target) => target.vmId === vmId)?.vmName ?? vmId;
  if (lines === undefined) await writeAll(to, data);
  else await lines.write(to, name, data);
}

/** For one target only its error and dropped output, for several a table. */
function summarize({ targets }: Run): void {
  const [target] = targets;
  if (targets.length > 1) {
    process.stderr.write(formatTable(targets, runTargetColumns, { headers: true }));
    return;
  }
  if (target === undefined) return;
  const dropped = droppedBytes(target);
  if (dropped > 0n) process.stderr.write(`inn: ${formatBytes(dropped)} of output were not stored\n`);
  const notes = target.exited === undefined ? [] : endNotes(target.exited);
  for (const note of notes) process.stderr.write(`inn: ${note}\n`);
  const { errorReason: reason, errorMessage: message, errorNextStep: nextStep } = target;
  if (reason !== '') printError(OperationError.fromWire({ reason, message, nextStep }), false);
}

/** For one target the code of its command; for several 0 if all succeeded, else 1. 130 for a cancelled run. */
function exitCodeOf({ state, targets }: Run): number {
  const [target, ...others] = targets;
  if (state === RunState.CANCELED) return exitCodes.interrupted;
  if (target !== undefined && others.length === 0)
    return target.exited === undefined ? failureCode(target.errorReason) : endedCode(target.exited);
  return state === RunState.SUCCEEDED ? 0 : exitCodes.general;
}

/** With 'cancel', the first INT or TERM cancels the run and its end is awaited; every other signal detaches. */
function onInterrupt(
  client: InnkeeperClient,
  id: string,
  first: 'cancel' | 'detach',
  detach: AbortController,
  on: { readonly isLost: () => boolean; readonly onCancel: (signal: TerminationSignal) => void },
): () => void {
  let isCanceled = first === 'detach';
  return onTerminationSignal((signal) => {
    // After HUP the terminal is gone, so a second signal cannot be expected.
    if (isCanceled || on.isLost() || signal === 'SIGHUP') {
      detach.abort(new EndedBySignal(signal));
      return;
    }
    isCanceled = true;
    on.onCancel(signal);
    process.stderr.write('inn: cancelling; press ^C again to detach\n');
    client.runs.cancel(id, { signal: detach.signal }).catch((error: unknown) => {
      if (!detach.signal.aborted) printError(error, false);
    });
  });
}
