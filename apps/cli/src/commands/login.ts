import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createClient, loginForToken } from '@innkeeper/client';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { askSecret, readSecret } from '../contexts/read-secret.ts';
import { readContexts, type StoredContext, writeContexts } from '../contexts/stored-contexts.ts';

interface LoginOptions {
  readonly name?: string;
  readonly user?: string;
  readonly tokenStdin?: boolean;
  readonly ca?: string;
}

/** `inn login URL`: keeps a token for a daemon, and uses that daemon from now on. */
export async function run(command: Command, address: string): Promise<void> {
  const options = command.opts<LoginOptions>();
  const url = URL.parse(address.includes('://') ? address : `https://${address}`)?.origin;
  if (url === undefined || url === 'null') throw new CliError(`"${address}" is no address such as https://host:8080.`);
  const ca = options.ca === undefined ? undefined : readFileSync(options.ca, 'utf8');
  const context = await logIn(url, ca, options);
  const name = options.name ?? new URL(url).hostname;
  const { contexts } = readContexts();
  writeContexts({ current: name, contexts: { ...contexts, [name]: context } });
  process.stdout.write(`Logged in to ${url} as ${context.user}; inn uses it as "${name}" from now on.\n`);
}

async function logIn(url: string, ca: string | undefined, options: LoginOptions): Promise<StoredContext> {
  if (options.tokenStdin === true) {
    const token = await readSecret();
    const me = await createClient({ url, token, ca }).access.getMe({});
    return { url, token, user: me.user, ca };
  }
  const user = options.user ?? 'admin';
  const password = await askSecret(`Password of ${user} at ${url}: `);
  const { token, tokenId } = await loginForToken({ url, ca, user, password, tokenName: `inn on ${hostname()}` });
  return { url, token, tokenId, user, ca };
}
