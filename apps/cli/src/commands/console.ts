import type { ConsoleEvent, ConsoleStream } from '@innkeeper/client';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal, type TerminationSignal } from '../ended-by-signal.ts';
import { flag, text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { parseKey } from '../parse-values.ts';
import { writeAll } from '../write-all.ts';
import { resetTerminal } from './terminal-reset.ts';

/** The byte that ^C sends. */
const interruptKey = 3;

/** `inn console VM`: the stored output of the serial console, then new output, until the VM stops or the detach key. */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    flag('--read-only', 'do not type'),
    flag('--take', 'take over typing from the current writer'),
    text('--detach-key <key>', 'key that detaches, such as ctrl-] or none', 'ctrl-]'),
  ],
  async run({ client, options: { readOnly, take, quiet, detachKey: keyName } }, vm) {
    const detachKey = parseKey(keyName, '--detach-key');
    const { captureKeyboard } = await import('./capture-keyboard.ts');
    const stream = client.openConsole(vm, { writer: !readOnly });
    let isDetached = false;
    let endedBy: TerminationSignal | undefined;
    const detach = (signal?: TerminationSignal): void => {
      isDetached = true;
      endedBy ??= signal;
      stream.close();
    };
    const release = captureKeyboard({
      detachKey,
      onDetach: detach,
      onKeys: (bytes) => {
        if (!readOnly) stream.write(bytes);
        // ^C is not typed, so nothing else would end the command from the keyboard.
        else if (bytes.includes(interruptKey)) detach();
        return !readOnly;
      },
      onEnd: () => undefined,
    });
    try {
      await show(stream, { take, quiet });
      process.stderr.write('\r\ninn: the VM ended\r\n');
    } catch (error) {
      if (!isDetached) throw error;
      process.stderr.write('\r\n');
      if (endedBy !== undefined) throw new EndedBySignal(endedBy);
    } finally {
      if (process.stdout.isTTY) process.stdout.write(resetTerminal);
      release();
    }
  },
});

async function show(
  stream: ConsoleStream,
  { take, quiet }: { readonly take: boolean; readonly quiet: boolean },
): Promise<void> {
  let mayTake = take;
  let isRefused = false;
  for await (const event of stream) {
    if (event.type === 'output') {
      await writeAll(process.stdout, event.data);
      continue;
    }
    if (event.type === 'writer' && !event.you && mayTake) {
      mayTake = false;
      stream.take();
    }
    // Every key that is refused causes an event: only the first one is shown.
    const isRepeated = event.type === 'refused' && isRefused;
    isRefused = event.type === 'refused' || (isRefused && event.type !== 'writer');
    const note = quiet || isRepeated ? undefined : noteOf(event);
    if (note !== undefined) process.stderr.write(`\r\ninn: ${note}\r\n`);
  }
}

function noteOf(event: ConsoleEvent): string | undefined {
  if (event.type === 'connection') return event.state === 'lost' ? 'daemon lost' : 'daemon back';
  if (event.type === 'refused') return `${clean(event.error.message)} Take over with --take.`;
  if (event.type === 'writer' && event.name !== null && !event.you) return `${clean(event.name)} is typing here now`;
  return undefined;
}
