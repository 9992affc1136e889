import { contextNamed, readContexts, writeContexts } from '../contexts/stored-contexts.ts';
import { defineCommand } from '../define-command.ts';

/** `inn context use NAME`; "local" is the daemon on this machine. */
export const command = defineCommand({
  arguments: '<name>',
  options: [],
  async run(_, name) {
    const stored = readContexts();
    if (name !== 'local') contextNamed(stored, name);
    writeContexts({ ...stored, current: name === 'local' ? '' : name });
    process.stdout.write(`The current context is now "${name}".\n`);
  },
});
