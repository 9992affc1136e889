import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { checkPath } from './check-path.ts';
import { fileInfo } from './file-info.ts';
import { FileWriter } from './file-writer.ts';
import { readFile } from './read-file.ts';

/** Read, Write and Stat. */
export function fileOperations(host: Host): Operation[] {
  const writer = new FileWriter(host);
  return [
    operation(FileServiceLite.read, async (input, context) => readFile(host, await firstOf(input), context)),
    operation(FileServiceLite.write, (input, context) => writer.write(input, context)),
    unaryOperation(FileServiceLite.stat, ({ path, follow }) =>
      fileInfo(host, checkPath(path), host.files.stat(path, follow)),
    ),
  ];
}
