import type { InnkeeperClient, TerminalEvent, TerminalStream } from '@innkeeper/client';
import { type Terminal, TerminalSchema, TerminalState } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { type DeadlySignal, EndedBySignal } from '../ended-by-signal.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';
import { parseKey } from '../parse-key.ts';
import { writeAll } from '../write-all.ts';
import { takeKeyboard } from './take-keyboard.ts';
import { clearTerminal, resetTerminal } from './terminal-reset.ts';

interface ShellOptions {
  readonly user?: string;
  readonly workdir?: string;
  readonly attach?: string;
  readonly ls?: boolean;
  readonly close?: string;
  readonly detachKey: string;
}

/** ^D: what ends the input of a terminal. */
const endOfTransmission = Uint8Array.of(4);

/** `inn shell VM [-- CMD]`: a terminal in the guest, which stays when we leave it. Ends with its exit code. */
export async function run(command: Command, vm: string, words: readonly string[]): Promise<void> {
  const { client, options } = contextOf<ShellOptions>(command);
  const leaveKey = parseKey(options.detachKey, '--detach-key');
  if (options.ls === true) return printTerminals(await client.terminals.list(vm), options);
  if (options.close !== undefined) {
    await client.terminals.close(vm, options.close);
    return;
  }
  if (options.attach !== undefined && words.length > 0) throw new CliError('--attach goes without a command');
  const id = options.attach ?? (await client.terminals.create(vm, newTerminal(options, words))).id;
  const stream = client.terminals.open(vm, id, { size: ownSize() });
  let hasLeft = false;
  let endedBy: DeadlySignal | undefined;
  const release = connectKeys(stream, leaveKey, (signal) => {
    hasLeft = true;
    endedBy ??= signal;
    stream.close();
  });
  try {
    const code = await show(stream, { isOld: options.attach !== undefined, quiet: options.quiet === true });
    process.exitCode = code;
  } catch (error) {
    if (!hasLeft) throw error;
    if (process.stdout.isTTY) process.stdout.write(resetTerminal);
    process.stderr.write(`\ninn: left; it runs on. Come back: inn shell ${vm} --attach ${id}\n`);
    if (endedBy !== undefined) throw new EndedBySignal(endedBy);
  } finally {
    release();
  }
}

function newTerminal({ user, workdir }: ShellOptions, words: readonly string[]) {
  return { user: user ?? '', argv: [...words], workingDirectory: workdir ?? '', ...ownSize() };
}

/** Of our terminal; what terminals used to have, where there is none or it does not say. */
function ownSize(): { readonly columns: number; readonly rows: number } {
  const { columns, rows } = process.stdout;
  return { columns: Math.min(Math.max(columns || 80, 2), 500), rows: Math.min(rows || 24, 200) };
}

function connectKeys(
  stream: TerminalStream,
  leaveKey: number | undefined,
  onLeave: (signal?: DeadlySignal) => void,
): () => void {
  const release = takeKeyboard({
    leaveKey,
    onLeave,
    onKeys: (bytes) => stream.write(bytes),
    onEnd: () => stream.write(endOfTransmission),
  });
  const onResize = (): void => {
    const { columns, rows } = ownSize();
    stream.resize(columns, rows);
  };
  process.stdout.on('resize', onResize);
  return () => {
    process.stdout.off('resize', onResize);
    release();
  };
}

/** Resolves with the exit code. */
async function show(
  stream: TerminalStream,
  { isOld, quiet }: { readonly isOld: boolean; readonly quiet: boolean },
): Promise<number> {
  // A new one is empty: what our terminal shows stays.
  let mustClear = isOld && process.stdout.isTTY === true;
  for await (const event of stream) {
    if (event.type === 'screen') {
      if (mustClear) process.stdout.write(clearTerminal);
      mustClear = process.stdout.isTTY === true;
    }
    if (event.type === 'screen' || event.type === 'output') await writeAll(process.stdout, event.data);
    if (event.type === 'exited') return event.signal === undefined ? (event.code ?? 0) : 128 + event.signal;
    const note = quiet ? undefined : noteOf(event);
    if (note !== undefined) process.stderr.write(`\r\ninn: ${note}\r\n`);
  }
  return 0;
}

function noteOf(event: TerminalEvent): string | undefined {
  if (event.type === 'connection') return event.state === 'lost' ? 'daemon lost' : 'daemon back';
  if (event.type === 'agent') return event.state === 'lost' ? 'agent lost' : 'agent back';
  return undefined;
}

type ListOptions = ReturnType<typeof contextOf>['options'];

function printTerminals(
  terminals: Awaited<ReturnType<InnkeeperClient['terminals']['list']>>,
  options: ListOptions,
): void {
  printRows(terminals, {
    schema: TerminalSchema,
    columns: [
      { title: 'ID', value: (terminal) => terminal.id },
      { title: 'TITLE', value: (terminal) => terminal.title },
      { title: 'USER', value: (terminal) => terminal.user || 'root' },
      { title: 'SIZE', value: (terminal) => `${terminal.columns}×${terminal.rows}` },
      { title: 'STATE', value: stateOf },
      { title: 'VIEWERS', value: (terminal) => `${terminal.viewers}` },
      { title: 'MADE BY', value: (terminal) => terminal.createdBy },
      { title: 'MADE', value: (terminal) => formatTime(terminal.createdUnixNs) },
    ],
    nameOf: (terminal) => terminal.id,
    whenEmpty: 'No terminals: "inn shell VM" makes one.',
    options,
  });
}

function stateOf({ state, exited, errorReason }: Terminal): string {
  if (state === TerminalState.RUNNING) return 'running';
  if (errorReason !== '') return errorReason;
  const status = exited?.status;
  return status?.case === 'signal' ? `signal ${status.value}` : `exited ${status?.value ?? 0}`;
}
