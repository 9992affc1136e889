import type { FileWatchEvent } from '@innkeeper/client';
import { defineCommand } from '../define-command.ts';
import { dataOutput, flag } from '../options.ts';
import { clean, cleanJson } from '../output/clean.ts';
import { parseGuestPath } from '../parse-path.ts';
import { writeAll } from '../write-all.ts';

/** `inn files watch VM:/path`: a line for each change, until it is interrupted or the folder is gone. */
export const command = defineCommand({
  arguments: '<path>',
  options: [flag('-r, --recursive', 'watch the whole tree, with folders that come into it later'), dataOutput],
  async run({ client, options: { recursive, output, quiet } }, guestPath) {
    const { vm, path } = parseGuestPath(guestPath);
    for await (const event of client.files.watch(vm, path, { recursive })) {
      if (output !== 'table') await write(cleanJson(JSON.stringify(event)));
      else if (event.kind !== 'started') await write(describe(event));
      else if (!quiet) process.stderr.write(`Watching ${vm}:${clean(path)}${foldersOf(event.folders)}.\n`);
    }
    if (!quiet) process.stderr.write(`${vm}:${clean(path)} is gone; the watch has ended.\n`);
  },
});

async function write(line: string): Promise<void> {
  await writeAll(process.stdout, Buffer.from(`${line}\n`));
}

function foldersOf(count: number): string {
  return count > 1 ? `, ${count} folders` : '';
}

function describe(event: Exclude<FileWatchEvent, { readonly kind: 'started' }>): string {
  if (event.kind === 'lost') return 'lost        changes before this were lost: look again';
  const slash = event.isFolder ? '/' : '';
  const name = clean(event.path) + slash;
  const names = event.kind === 'renamed' ? `${clean(event.oldPath)}${slash} -> ${name}` : name;
  return `${event.kind.padEnd(10)}  ${names}`;
}
