import { type CommonClient, makeClient } from '../core/client.ts';
import { newId } from '../core/time-and-chance.ts';
import { vmFile } from '../core/vm/vm-file.ts';
import { blobOf } from '../core/vm/vm-file-content.ts';
import { toOperationError } from './errors.ts';
import { type FileContents, fileContents } from './files.ts';
import { readRunOutput } from './read-run-output.ts';
import { type ServerAddress, serverOf } from './server.ts';
import { nodeSockets } from './sockets.ts';

export type ClientOptions = ServerAddress;

/** The control plane's API in Node, where file contents are resumable streams. */
export interface InnkeeperClient extends CommonClient<FileContents> {
  readonly readFile: FileContents['read'];
  readonly writeFile: FileContents['write'];
}

/** Makes a client of one daemon. An idle client holds no connection open. */
export function createClient(address: ClientOptions): InnkeeperClient {
  const server = serverOf(address);
  const contents = fileContents(server);
  const client = makeClient({
    transport: server.transport,
    openSocket: nodeSockets(server),
    hidesRefusals: false,
    toError: (error) => toOperationError(error, server),
    readRunOutput: (id, options) => readRunOutput(server, id, options),
    contents,
    readFile: async (vm, path, options) => vmFile(path, await contents.read(vm, path, options)),
    writeFile: (vm, path, content, { mode, user, group, parents, signal }) => {
      const blob = blobOf(content);
      const source = (offset: number): AsyncIterable<Uint8Array> => blob.slice(offset).stream();
      return contents.write(vm, path, {
        source,
        uploadId: newId(),
        sizeBytes: blob.size,
        mode,
        user,
        group,
        createParents: parents,
        signal,
      });
    },
  });
  return { ...client, readFile: contents.read, writeFile: contents.write };
}
