import type { InnkeeperClient, TerminalEvent, TerminalStream } from '@innkeeper/client';
import { type Terminal, TerminalSchema, TerminalState } from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal, type TerminationSignal } from '../ended-by-signal.ts';
import { flag, outputOptions, text } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';
import type { Column } from '../output/table.ts';
import { parseKey } from '../parse-values.ts';
import { writeAll } from '../write-all.ts';
import { clearTerminal, resetTerminal } from './terminal-reset.ts';

/** ^D, which ends the input of a terminal. */
const endOfTransmission = Uint8Array.of(4);

/** `inn shell VM [-- CMD]`: a terminal in the guest that keeps running after detaching. Exits with its exit code. */
export const command = defineCommand({
  arguments: '<vm> [command...]',
  options: [
    ...outputOptions,
    text('-u, --user <user>', 'user to run as (default: root)'),
    text('-w, --workdir <folder>', 'working directory'),
    text('--attach <id>', 'attach to an existing terminal'),
    flag('--ls', 'list the terminals of the VM'),
    text('--close <id>', 'end a terminal, with everything that runs on it'),
    text('--detach-key <key>', 'key that detaches, such as ctrl-] or none', 'ctrl-]'),
  ],
  async run({ client, options }, vm, words) {
    const detachKey = parseKey(options.detachKey, '--detach-key');
    if (options.ls) {
      const terminals = await client.terminals.list(vm);
      printRows(terminals, {
        schema: TerminalSchema,
        columns: terminalColumns,
        nameOf: (terminal) => terminal.id,
        whenEmpty: `No terminals. Open one: inn shell ${vm}`,
        options,
      });
    } else if (options.close !== undefined) await client.terminals.close(vm, options.close);
    else if (options.attach === undefined) {
      const { user = '', workdir: workingDirectory = '' } = options;
      const terminal = await client.terminals.create(vm, { user, argv: [...words], workingDirectory, ...windowSize() });
      await attach(client, { vm, id: terminal.id, detachKey, isNew: true, quiet: options.quiet });
    } else {
      if (words.length > 0) throw new CliError('--attach takes no command: the terminal runs one already.');
      await attach(client, { vm, id: options.attach, detachKey, isNew: false, quiet: options.quiet });
    }
  },
});

interface AttachOptions {
  readonly vm: string;
  readonly id: string;
  readonly detachKey: number | undefined;
  readonly isNew: boolean;
  readonly quiet: boolean;
}

/** Connects this terminal to one in the guest until its program ends, or until detaching. */
async function attach(client: InnkeeperClient, { vm, id, detachKey, isNew, quiet }: AttachOptions): Promise<void> {
  const stream = client.terminals.open(vm, id, { size: windowSize() });
  let isDetached = false;
  let endedBy: TerminationSignal | undefined;
  const release = await connectKeyboard(stream, detachKey, (signal) => {
    isDetached = true;
    endedBy ??= signal;
    stream.close();
  });
  try {
    process.exitCode = await show(stream, isNew, quiet);
  } catch (error) {
    if (!isDetached) throw error;
    if (process.stdout.isTTY) process.stdout.write(resetTerminal);
    process.stderr.write(`\ninn: detached; the terminal keeps running. Attach again: inn shell ${vm} --attach ${id}\n`);
    if (endedBy !== undefined) throw new EndedBySignal(endedBy);
  } finally {
    release();
  }
}

/** Size of this terminal, within the limits of the API; 80 × 24 if it is unknown. */
function windowSize(): { readonly columns: number; readonly rows: number } {
  const { columns, rows } = process.stdout;
  return { columns: Math.min(Math.max(columns || 80, 2), 500), rows: Math.min(rows || 24, 200) };
}

async function connectKeyboard(
  stream: TerminalStream,
  detachKey: number | undefined,
  onDetach: (signal?: TerminationSignal) => void,
): Promise<() => void> {
  const { captureKeyboard } = await import('./capture-keyboard.ts');
  const release = captureKeyboard({
    detachKey,
    onDetach,
    onKeys: (bytes) => {
      stream.write(bytes);
      return true;
    },
    onEnd: () => stream.write(endOfTransmission),
  });
  const onResize = (): void => {
    const { columns, rows } = windowSize();
    stream.resize(columns, rows);
  };
  process.stdout.on('resize', onResize);
  return () => {
    process.stdout.off('resize', onResize);
    release();
  };
}

/** Prints the terminal until its program ends. Returns the exit code. */
async function show(stream: TerminalStream, isNew: boolean, quiet: boolean): Promise<number> {
  // The screen of a new terminal is empty, so what this terminal shows can stay.
  let mustClear = !isNew && process.stdout.isTTY === true;
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

const terminalColumns: readonly Column<Terminal>[] = [
  { title: 'ID', value: (terminal) => terminal.id },
  { title: 'TITLE', value: (terminal) => terminal.title },
  { title: 'USER', value: (terminal) => terminal.user || 'root' },
  { title: 'SIZE', value: (terminal) => `${terminal.columns}×${terminal.rows}` },
  { title: 'STATE', value: stateOf },
  { title: 'VIEWERS', value: (terminal) => `${terminal.viewers}` },
  { title: 'CREATED BY', value: (terminal) => terminal.createdBy },
  { title: 'CREATED', value: (terminal) => formatTime(terminal.createdUnixNs) },
];

function stateOf({ state, exited, errorReason }: Terminal): string {
  if (state === TerminalState.RUNNING) return 'running';
  if (errorReason !== '') return errorReason;
  const status = exited?.status;
  return status?.case === 'signal' ? `signal ${status.value}` : `exited ${status?.value ?? 0}`;
}
