import { toJson } from '@bufbuild/protobuf';
import type { FileInfo } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { choice, flag, outputOptions } from '../options.ts';
import { cleanJson } from '../output/clean.ts';
import { printList } from '../output/print-list.ts';
import { parseGuestPath } from '../parse-path.ts';
import { fileColumns, nameOfFile } from './file-columns.ts';

/** Entries that are printed together: a folder may have a million. */
const batchEntries = 1000;

/** `inn files ls VM:/path`, printed batch by batch. */
export const command = defineCommand({
  arguments: '<path>',
  options: [
    ...outputOptions,
    flag('-l, --long', 'show owners and link targets, the same as -o wide'),
    flag('-a, --all', 'include names that begin with a dot'),
    choice('--sort <by>', 'sort order', ['name', 'size', 'modified', 'time'], 'name'),
    flag('-r, --reverse', 'reverse the order'),
  ],
  async run({ client, options }, guestPath) {
    const { FileInfoSchema } = await import('@innkeeper/contract/agent');
    const { vm, path } = parseGuestPath(guestPath);
    // Like ls: the largest or newest first.
    const byAmount = options.sort !== 'name';
    const entries = client.files.list(vm, path, {
      sort: options.sort === 'time' ? 'modified' : options.sort,
      descending: byAmount !== options.reverse,
      hidden: options.all,
    });
    if (options.output === 'json') {
      await printJson(entries);
      return;
    }
    const output = options.long && options.output === 'table' ? 'wide' : options.output;
    let batch: FileInfo[] = [];
    let printed = 0;
    const print = (): void => {
      printList(batch, {
        columns: fileColumns,
        nameOf: nameOfFile,
        objectOf: (file) => toJson(FileInfoSchema, file),
        whenEmpty: options.all
          ? 'The folder is empty.'
          : 'The folder is empty, except perhaps for hidden files: try -a.',
        options: { ...options, output, headers: options.headers && printed === 0 },
      });
      printed += batch.length;
      batch = [];
    };
    for await (const entry of entries) {
      batch.push(entry);
      if (batch.length === batchEntries) print();
    }
    if (batch.length > 0 || printed === 0) print();
  },
});

/** Prints one JSON array, entry by entry as they arrive. */
async function printJson(entries: AsyncIterable<FileInfo>): Promise<void> {
  const { FileInfoSchema } = await import('@innkeeper/contract/agent');
  let before = '[\n  ';
  for await (const entry of entries) {
    process.stdout.write(`${before}${cleanJson(JSON.stringify(toJson(FileInfoSchema, entry)))}`);
    before = ',\n  ';
  }
  process.stdout.write(before.startsWith('[') ? '[]\n' : '\n]\n');
}
