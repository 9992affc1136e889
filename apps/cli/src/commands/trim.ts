import { toJson } from '@bufbuild/protobuf';
import { TrimmedFilesystemSchema } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { list, outputOptions, text } from '../options.ts';
import { formatBytes } from '../output/format.ts';
import { printList } from '../output/print-list.ts';
import { parseSize } from '../parse-values.ts';

/** `inn trim VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    list('--mount <path>', 'trim only the file system mounted there; can be repeated'),
    text('--minimum <size>', 'skip shorter free ranges'),
    ...outputOptions,
  ],
  async run({ client, options }, vm) {
    const minimumBytes = options.minimum === undefined ? undefined : parseSize(options.minimum, '--minimum');
    const { filesystems, filesystemsOmitted } = await client.filesystems.trim(vm, {
      mountPoints: options.mount,
      minimumBytes,
    });
    printList(filesystems, {
      columns: [
        { title: 'MOUNT', value: ({ mountPoint }) => mountPoint },
        { title: 'TYPE', value: ({ filesystem }) => filesystem },
        { title: 'TRIMMED', align: 'right', value: ({ trimmedBytes }) => formatBytes(trimmedBytes) },
        { title: 'ERROR', value: ({ error }) => error || ' ' },
      ],
      nameOf: ({ mountPoint }) => mountPoint,
      objectOf: (row) => toJson(TrimmedFilesystemSchema, row),
      whenEmpty: 'This guest has no file system on a disk.',
      options,
    });
    if (filesystemsOmitted > 0 && !options.quiet)
      process.stderr.write(`${filesystemsOmitted} more file systems were trimmed or tried, and are not shown.\n`);
  },
});
