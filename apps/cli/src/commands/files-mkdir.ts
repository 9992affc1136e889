import { defineCommand } from '../define-command.ts';
import { flag, text } from '../options.ts';
import { parseGuestPath } from '../parse-path.ts';
import { parseMode } from '../parse-values.ts';

/** `inn files mkdir VM:/path…` */
export const command = defineCommand({
  arguments: '<path...>',
  options: [
    flag('-p, --parents', 'create missing parents; an existing folder is not an error'),
    text('-m, --mode <octal>', 'permission bits', '755'),
  ],
  async run({ client, options }, paths) {
    const mode = parseMode(options.mode);
    for (const { vm, path } of paths.map(parseGuestPath))
      await client.files.mkdir(vm, path, { mode, parents: options.parents });
  },
});
