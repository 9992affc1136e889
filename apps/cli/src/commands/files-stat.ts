import { formatFileMode } from '@innkeeper/contract';
import { FileKind } from '@innkeeper/contract/agent-lite';
import { defineCommand } from '../define-command.ts';
import { flag, outputOptions } from '../options.ts';
import { clean } from '../output/clean.ts';
import { formatBytes, formatTime } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { printRows } from '../output/print-list.ts';
import { parseGuestPath } from '../parse-path.ts';
import { fileColumns, nameOfFile } from './file-columns.ts';

/** `inn files stat VM:/path` */
export const command = defineCommand({
  arguments: '<path>',
  options: [...outputOptions, flag('-L, --dereference', 'show the target of a symbolic link')],
  async run({ client, options }, guestPath) {
    const { FileInfoSchema } = await import('@innkeeper/contract/agent');
    const { vm, path } = parseGuestPath(guestPath);
    const file = await client.files.stat(vm, path, { follow: options.dereference });
    if (options.output === 'json' || options.output === 'yaml') printObject(options.output, FileInfoSchema, file);
    else if (options.output === 'name' || options.output === 'csv')
      printRows([file], { schema: FileInfoSchema, columns: fileColumns, nameOf: nameOfFile, whenEmpty: '', options });
    else {
      const { kind, mode, user, uid, group, gid, sizeBytes, modifiedUnixNs, symlinkTarget } = file;
      const properties = [
        ['path', file.path],
        ['kind', kindLabel(kind)],
        ['size', `${formatBytes(sizeBytes)} (${sizeBytes} bytes)`],
        ['mode', `${formatFileMode(kind, mode)} (${mode.toString(8).padStart(4, '0')})`],
        ['owner', `${user === '' ? '' : `${user} `}(${uid})`],
        ['group', `${group === '' ? '' : `${group} `}(${gid})`],
        ['modified', formatTime(modifiedUnixNs)],
        ...(symlinkTarget === '' ? [] : [['points to', symlinkTarget]]),
      ];
      process.stdout.write(
        properties.map(([name = '', value = '']) => `${name.padEnd(10)} ${clean(value)}\n`).join(''),
      );
    }
  },
});

/** "character device"; "unknown" for a kind of a later version. */
function kindLabel(kind: number): string {
  const name = Object.entries(FileKind).find(([, value]) => value === kind)?.[0];
  return name?.toLowerCase().replaceAll('_', ' ') ?? 'unknown';
}
