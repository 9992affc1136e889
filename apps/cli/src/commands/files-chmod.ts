import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parseMode } from '../parse-mode.ts';
import { parsePlace } from '../parse-place.ts';

/** `inn files chmod MODE VM:/path…` */
export async function run(command: Command, mode: string, texts: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly recursive?: boolean }>(command);
  const bits = parseMode(mode);
  for (const { vm, path } of texts.map(parsePlace))
    await client.files.chmod(vm, path, bits, { recursive: options.recursive === true });
}
