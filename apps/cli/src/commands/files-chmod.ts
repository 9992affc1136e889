import { defineCommand } from '../define-command.ts';
import { flag } from '../options.ts';
import { parseGuestPath } from '../parse-path.ts';
import { parseMode } from '../parse-values.ts';

/** `inn files chmod MODE VM:/path…` */
export const command = defineCommand({
  arguments: '<mode> <path...>',
  options: [flag('-R, --recursive', 'include everything in folders')],
  async run({ client, options: { recursive } }, mode, paths) {
    const bits = parseMode(mode);
    for (const { vm, path } of paths.map(parseGuestPath)) await client.files.chmod(vm, path, bits, { recursive });
  },
});
