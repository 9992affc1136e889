import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { AgentParts } from '../agent-parts.ts';
import { firstOf, immediateOperation, type Operation, operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { setFileMode, setFileOwner } from '../tree/change-tree.ts';
import { listDirectory } from '../tree/list-directory.ts';
import { makeDirectory } from '../tree/make-directory.ts';
import { removeFile } from '../tree/remove-tree.ts';
import { renameFile } from '../tree/rename-file.ts';
import { fileWatches } from '../watch/watch-files.ts';
import { fileInfo } from './file-info.ts';
import { FileWriter } from './file-writer.ts';
import type { PartialFolders } from './partial-folders.ts';
import { readFile } from './read-file.ts';
import { statFile } from './stat-file.ts';

type FileParts = Pick<AgentParts, 'stopping'> & {
  readonly succession: Pick<AgentParts['succession'], 'leaving' | 'unrepeatable' | 'watches'>;
};

/**
 * All methods of FileService.
 * @param host for paths that callers name
 */
export function fileOperations(host: Host, parts: FileParts, folders?: PartialFolders): Operation[] {
  const { stopping, succession } = parts;
  const writer = new FileWriter(host, stopping, succession.unrepeatable, folders);
  const watches = fileWatches(host, succession.watches, succession.leaving.signal);
  const infoOf = (path: string) => fileInfo(host, path, host.files.stat(path, false));
  return [
    operation(FileServiceLite.read, async (input, context) => readFile(host, await firstOf(input), context)),
    operation(FileServiceLite.write, (input, context) => writer.write(input, context)),
    unaryOperation(FileServiceLite.getUpload, (request) => writer.state(request)),
    immediateOperation(FileServiceLite.stat, (request) => statFile(host, request)),
    unaryOperation(FileServiceLite.list, (request, signal) => listDirectory(host, request, signal)),
    unaryOperation(FileServiceLite.makeDirectory, async (request) => infoOf(await makeDirectory(host, request))),
    unaryOperation(FileServiceLite.rename, (request) => infoOf(renameFile(host, request))),
    unaryOperation(FileServiceLite.remove, async (request, signal) => ({
      removed: BigInt(await removeFile(host, request, signal)),
    })),
    unaryOperation(FileServiceLite.setMode, async (request, signal) => ({
      changed: BigInt(await setFileMode(host, request, signal)),
    })),
    unaryOperation(FileServiceLite.setOwner, async (request, signal) => ({
      changed: BigInt(await setFileOwner(host, request, signal)),
    })),
    operation(FileServiceLite.readTar, async (input, context) =>
      (await import('../tar/read-tar.ts')).readTar(host, await firstOf(input), context),
    ),
    operation(FileServiceLite.writeTar, async (input, context) =>
      (await import('../tar/write-tar.ts')).writeTar(host, input, context, folders),
    ),
    operation(FileServiceLite.watch, async (input, context) => watches(await firstOf(input), context)),
  ];
}
