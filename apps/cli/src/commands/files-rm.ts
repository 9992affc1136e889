import { defineCommand } from '../define-command.ts';
import { flag } from '../options.ts';
import { parseGuestPath } from '../parse-path.ts';

/** `inn files rm VM:/path…` */
export const command = defineCommand({
  arguments: '<path...>',
  options: [
    flag('-r, --recursive', 'remove folders with everything in them'),
    flag('-f, --force', 'a missing file is not an error'),
  ],
  async run({ client, options }, paths) {
    for (const { vm, path } of paths.map(parseGuestPath))
      await client.files.remove(vm, path, { recursive: options.recursive, ignoreMissing: options.force });
  },
});
