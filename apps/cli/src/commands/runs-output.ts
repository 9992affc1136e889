import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { LogText } from '../output/log-text.ts';
import { writeAll } from '../write-all.ts';

interface Options {
  readonly on?: string;
  readonly stream: 'stdout' | 'stderr' | 'both';
}

/** `inn runs output ID`: what is kept of one VM's output; on a terminal without control characters, else as it is. */
export async function run(command: Command, id: string): Promise<void> {
  const { client, options } = contextOf<Options>(command);
  const text = process.stdout.isTTY === true ? new LogText() : undefined;
  for await (const piece of client.runs.output(id, { vm: options.on, stream: options.stream }))
    await writeAll(process.stdout, text === undefined ? piece : Buffer.from(text.take(piece)));
  if (text !== undefined) await writeAll(process.stdout, Buffer.from(text.end()));
}
