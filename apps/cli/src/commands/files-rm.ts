import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parsePlace } from '../parse-place.ts';

/** `inn files rm VM:/path…` */
export async function run(command: Command, texts: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly recursive?: boolean; readonly force?: boolean }>(command);
  for (const { vm, path } of texts.map(parsePlace))
    await client.files.remove(vm, path, {
      recursive: options.recursive === true,
      ignoreMissing: options.force === true,
    });
}
