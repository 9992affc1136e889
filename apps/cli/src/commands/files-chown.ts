import { defineCommand } from '../define-command.ts';
import { flag } from '../options.ts';
import { parseGuestPath } from '../parse-path.ts';
import { parseOwner } from '../parse-values.ts';

/** `inn files chown OWNER VM:/path…` */
export const command = defineCommand({
  arguments: '<owner> <path...>',
  options: [flag('-R, --recursive', 'include everything in folders')],
  async run({ client, options: { recursive } }, ownerText, paths) {
    const owner = parseOwner(ownerText);
    for (const { vm, path } of paths.map(parseGuestPath)) await client.files.chown(vm, path, owner, { recursive });
  },
});
