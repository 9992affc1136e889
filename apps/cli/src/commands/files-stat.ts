import { formatFileMode } from '@innkeeper/contract';
import { FileInfoSchema, FileKind } from '@innkeeper/contract/agent';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { clean } from '../output/clean.ts';
import { formatBytes, formatTime } from '../output/figures.ts';
import { printObject } from '../output/json.ts';
import { printRows } from '../output/print-rows.ts';
import { parsePlace } from '../parse-place.ts';
import { fileColumns, nameOfFile } from './file-columns.ts';

/** `inn files stat VM:/path` */
export async function run(command: Command, text: string): Promise<void> {
  const { client, options } = contextOf<{ readonly dereference?: boolean }>(command);
  const { vm, path } = parsePlace(text);
  const file = await client.files.stat(vm, path, { follow: options.dereference === true });
  if (options.output === 'json' || options.output === 'yaml') printObject(options.output, FileInfoSchema, file);
  else if (options.output === 'name' || options.output === 'csv')
    printRows([file], { schema: FileInfoSchema, columns: fileColumns, nameOf: nameOfFile, whenEmpty: '', options });
  else {
    const { kind, mode, user, uid, group, gid, sizeBytes, modifiedUnixNs, symlinkTarget } = file;
    const facts = [
      ['path', file.path],
      ['kind', kindWord(kind)],
      ['size', `${formatBytes(sizeBytes)} (${sizeBytes} bytes)`],
      ['mode', `${formatFileMode(kind, mode)} (${mode.toString(8).padStart(4, '0')})`],
      ['owner', `${user === '' ? '' : `${user} `}(${uid})`],
      ['group', `${group === '' ? '' : `${group} `}(${gid})`],
      ['modified', formatTime(modifiedUnixNs)],
      ...(symlinkTarget === '' ? [] : [['points to', symlinkTarget]]),
    ];
    process.stdout.write(facts.map(([name = '', value = '']) => `${name.padEnd(10)} ${clean(value)}\n`).join(''));
  }
}

/** "character device"; a kind of a later version is not known. */
function kindWord(kind: FileKind): string {
  const name = Object.entries(FileKind).find(([, value]) => value === kind)?.[0];
  return name?.toLowerCase().replaceAll('_', ' ') ?? 'unknown';
}
