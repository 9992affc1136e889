import type { ConsoleEvent, ConsoleStream } from '@innkeeper/client';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { type DeadlySignal, EndedBySignal } from '../ended-by-signal.ts';
import { clean } from '../output/clean.ts';
import { parseKey } from '../parse-key.ts';
import { writeAll } from '../write-all.ts';
import { takeKeyboard } from './take-keyboard.ts';
import { resetTerminal } from './terminal-reset.ts';

interface ConsoleOptions {
  readonly readOnly?: boolean;
  readonly take?: boolean;
  readonly detachKey: string;
}

/** `inn console VM`: the serial console, what is kept of the past first, until the VM ends or ctrl-]. */
export async function run(command: Command, vm: string): Promise<void> {
  const { client, options } = contextOf<ConsoleOptions>(command);
  const leaveKey = parseKey(options.detachKey, '--detach-key');
  const readOnly = options.readOnly === true;
  const stream = client.openConsole(vm, { writer: !readOnly });
  let hasLeft = false;
  let endedBy: DeadlySignal | undefined;
  const leave = (signal?: DeadlySignal): void => {
    hasLeft = true;
    endedBy ??= signal;
    stream.close();
  };
  const release = takeKeyboard({
    leaveKey,
    onLeave: leave,
    onKeys: (bytes) => {
      if (!readOnly) stream.write(bytes);
      // Nothing else would end it from the keyboard.
      else if (bytes.includes(3)) leave();
    },
    onEnd: () => undefined,
  });
  try {
    await show(stream, { take: options.take === true, quiet: options.quiet === true });
    process.stderr.write('\r\ninn: the VM ended\r\n');
  } catch (error) {
    if (!hasLeft) throw error;
    process.stderr.write('\r\n');
    if (endedBy !== undefined) throw new EndedBySignal(endedBy);
  } finally {
    if (process.stdout.isTTY) process.stdout.write(resetTerminal);
    release();
  }
}

async function show(
  stream: ConsoleStream,
  { take, quiet }: { readonly take: boolean; readonly quiet: boolean },
): Promise<void> {
  let hasTaken = !take;
  let isRefused = false;
  for await (const event of stream) {
    if (event.type === 'output') {
      await writeAll(process.stdout, event.data);
      continue;
    }
    if (event.type === 'writer' && !event.you && !hasTaken) {
      hasTaken = true;
      stream.take();
    }
    // Once, and not for every key.
    const isRepeated = event.type === 'refused' && isRefused;
    isRefused = event.type === 'refused' || (isRefused && event.type !== 'writer');
    const note = quiet || isRepeated ? undefined : noteOf(event);
    if (note !== undefined) process.stderr.write(`\r\ninn: ${note}\r\n`);
  }
}

function noteOf(event: ConsoleEvent): string | undefined {
  if (event.type === 'connection') return event.state === 'lost' ? 'daemon lost' : 'daemon back';
  if (event.type === 'refused') return `${clean(event.error.message)} Take over with --take.`;
  if (event.type === 'writer' && event.name !== null && !event.you) return `${clean(event.name)} types here now`;
  return undefined;
}
