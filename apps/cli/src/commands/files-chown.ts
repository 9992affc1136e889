import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parseOwner } from '../parse-owner.ts';
import { parsePlace } from '../parse-place.ts';

/** `inn files chown OWNER VM:/path…` */
export async function run(command: Command, text: string, texts: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly recursive?: boolean }>(command);
  const owner = parseOwner(text);
  for (const { vm, path } of texts.map(parsePlace))
    await client.files.chown(vm, path, owner, { recursive: options.recursive === true });
}
