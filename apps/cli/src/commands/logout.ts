import { createClient } from '@innkeeper/client';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextNamed, readContexts, writeContexts } from '../contexts/stored-contexts.ts';

/** `inn logout [NAME]`: revokes the token that a login made, and forgets it. */
export async function run(_command: Command, named: string | undefined): Promise<void> {
  const stored = readContexts();
  const name = named ?? stored.current;
  if (name === '') throw new CliError('inn is logged in nowhere.');
  const { url, token, tokenId, ca } = contextNamed(stored, name);
  const { [name]: _, ...contexts } = stored.contexts;
  writeContexts({ current: stored.current === name ? '' : stored.current, contexts });
  // Forgotten first: a daemon that does not answer keeps nobody logged in here.
  if (tokenId !== undefined) await createClient({ url, token, ca }).access.revokeToken({ id: tokenId });
  process.stdout.write(`Logged out of ${url}.\n`);
}
