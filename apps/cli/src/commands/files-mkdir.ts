import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parseMode } from '../parse-mode.ts';
import { parsePlace } from '../parse-place.ts';

/** `inn files mkdir VM:/path…` */
export async function run(command: Command, texts: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly parents?: boolean; readonly mode: string }>(command);
  const mode = parseMode(options.mode);
  for (const { vm, path } of texts.map(parsePlace))
    await client.files.mkdir(vm, path, { mode, parents: options.parents === true });
}
