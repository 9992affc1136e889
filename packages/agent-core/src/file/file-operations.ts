import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { checkPath } from './check-path.ts';
import { fileInfo } from './file-info.ts';
import { readFile } from './read-file.ts';
import { writeFile } from './write-file.ts';

/** Read, Write and Stat. */
export function fileOperations(host: Host): Operation[] {
  return [
    operation(FileServiceLite.read, async (input, context) => readFile(host, await firstOf(input), context)),
    operation(FileServiceLite.write, (input, context) => writeFile(host, input, context)),
    unaryOperation(FileServiceLite.stat, ({ path, follow }) =>
      fileInfo(host, checkPath(path), host.files.stat(path, follow)),
    ),
  ];
}
