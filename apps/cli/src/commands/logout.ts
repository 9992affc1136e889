import { CliError } from '../cli-error.ts';
import { contextNamed, readContexts, writeContexts } from '../contexts/stored-contexts.ts';
import { defineCommand } from '../define-command.ts';

/** `inn logout [CONTEXT]`: removes a context, and revokes its token if a login created it. */
export const command = defineCommand({
  arguments: '[context]',
  options: [],
  async run(_, named) {
    const stored = readContexts();
    const name = named ?? stored.current;
    if (name === '') throw new CliError('inn is not logged in to a daemon.');
    const { url, token, tokenId, ca } = contextNamed(stored, name);
    const { [name]: _removed, ...contexts } = stored.contexts;
    writeContexts({ current: stored.current === name ? '' : stored.current, contexts });
    // After the file is written: a daemon that does not answer must not keep the login here.
    if (tokenId !== undefined) {
      const { createClient } = await import('@innkeeper/client');
      await createClient({ url, token, ca }).access.revokeToken({ id: tokenId });
    }
    process.stdout.write(`Logged out of ${url}.\n`);
  },
});
