import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CliError } from '../cli-error.ts';
import { askSecret, readSecret } from '../contexts/read-secret.ts';
import { readContexts, type StoredContext, writeContexts } from '../contexts/stored-contexts.ts';
import { defineCommand } from '../define-command.ts';
import { flag, text } from '../options.ts';

/** `inn login URL`: stores a token for a daemon and makes that daemon the current context. */
export const command = defineCommand({
  arguments: '<url>',
  options: [
    text('--user <name>', 'user to log in as', 'admin'),
    text('--name <context>', "name of the context (default: the address's host)"),
    flag('--token-stdin', 'read a token from standard input instead of asking for a password'),
    text('--ca <file>', 'trust the certificates in this file'),
  ],
  async run({ options }, address) {
    const url = URL.parse(address.includes('://') ? address : `https://${address}`)?.origin;
    if (url === undefined || url === 'null')
      throw new CliError(`"${address}" is not an address such as https://host:8080.`);
    const ca = options.ca === undefined ? undefined : readFileSync(options.ca, 'utf8');
    const context = options.tokenStdin
      ? await contextFromToken(url, ca)
      : await contextFromPassword(url, ca, options.user);
    const name = options.name ?? new URL(url).hostname;
    const { contexts } = readContexts();
    writeContexts({ current: name, contexts: { ...contexts, [name]: context } });
    process.stdout.write(`Logged in to ${url} as ${context.user}. The current context is now "${name}".\n`);
  },
});

async function contextFromToken(url: string, ca: string | undefined): Promise<StoredContext> {
  const token = await readSecret();
  const { createClient } = await import('@innkeeper/client');
  const { user } = await createClient({ url, token, ca }).access.getMe({});
  return { url, token, user, ca };
}

async function contextFromPassword(url: string, ca: string | undefined, user: string): Promise<StoredContext> {
  const password = await askSecret(`Password of ${user} at ${url}: `);
  const { loginForToken } = await import('@innkeeper/client');
  const { token, tokenId } = await loginForToken({ url, ca, user, password, tokenName: `inn on ${hostname()}` });
  return { url, token, tokenId, user, ca };
}
