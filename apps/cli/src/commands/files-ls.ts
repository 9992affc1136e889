import { toJson } from '@bufbuild/protobuf';
import { type FileInfo, FileInfoSchema } from '@innkeeper/contract/agent';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { cleanJson } from '../output/clean.ts';
import { printList } from '../output/print-list.ts';
import { parsePlace } from '../parse-place.ts';
import { fileColumns, nameOfFile } from './file-columns.ts';

/** Printed before more are asked for: a folder may have a million entries. */
const batchEntries = 1000;

interface ListOptions {
  readonly long?: boolean;
  readonly all?: boolean;
  readonly sort: 'name' | 'size' | 'modified' | 'time';
  readonly reverse?: boolean;
}

/** `inn files ls VM:/path`, printed page by page. */
export async function run(command: Command, text: string): Promise<void> {
  const { client, options } = contextOf<ListOptions>(command);
  const { vm, path } = parsePlace(text);
  // As ls: the largest and the newest come first.
  const byAmount = options.sort !== 'name';
  const entries = client.files.list(vm, path, {
    sort: options.sort === 'time' ? 'modified' : options.sort,
    descending: byAmount !== (options.reverse === true),
    hidden: options.all === true,
  });
  if (options.output === 'json') {
    await printJson(entries);
    return;
  }
  const output = options.long === true && options.output === 'table' ? 'wide' : options.output;
  let batch: FileInfo[] = [];
  let printed = 0;
  const print = (): void => {
    printList(batch, {
      columns: fileColumns,
      nameOf: nameOfFile,
      objectOf: (file) => toJson(FileInfoSchema, file),
      whenEmpty: options.all === true ? 'The folder is empty.' : 'Nothing here but perhaps hidden names: try -a.',
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
}

/** One array, written as it comes. */
async function printJson(entries: AsyncIterable<FileInfo>): Promise<void> {
  let before = '[\n  ';
  for await (const entry of entries) {
    process.stdout.write(`${before}${cleanJson(JSON.stringify(toJson(FileInfoSchema, entry)))}`);
    before = ',\n  ';
  }
  process.stdout.write(before.startsWith('[') ? '[]\n' : '\n]\n');
}
