import type { Command } from 'commander';
import { contextNamed, readContexts, writeContexts } from '../contexts/stored-contexts.ts';

/** `inn context use NAME`; "local" is the daemon on this machine. */
export async function run(_command: Command, name: string): Promise<void> {
  const stored = readContexts();
  if (name !== 'local') contextNamed(stored, name);
  writeContexts({ ...stored, current: name === 'local' ? '' : name });
  process.stdout.write(`inn uses "${name}" from now on.\n`);
}
