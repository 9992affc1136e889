import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { writeAll } from '../write-all.ts';

interface Options {
  readonly on?: string;
  readonly stream: 'stdout' | 'stderr' | 'both';
}

/** `inn runs output ID`: what is kept of one VM's output, as it is. */
export async function run(command: Command, id: string): Promise<void> {
  const { client, options } = contextOf<Options>(command);
  for await (const piece of client.runs.output(id, { vm: options.on, stream: options.stream }))
    await writeAll(process.stdout, piece);
}
