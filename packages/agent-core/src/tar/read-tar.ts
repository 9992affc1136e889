import type { ReadTarEventSchema, ReadTarRequest } from '@innkeeper/contract/agent';
import type { CallContext } from '../dispatch.ts';
import { chunkPrefix } from '../file/chunk-prefix.ts';
import type { DirectoryHandle, Host } from '../host.ts';
import { namePath, normalPath } from '../tree/normal-path.ts';
import { TarSource } from './tar-source.ts';

/**
 * Streams a tree as an archive. Names start with that of the directory, as with tar(1).
 * @throws OperationError INVALID_PATH; HostError
 */
export async function readTar(
  host: Host,
  request: ReadTarRequest,
  context: CallContext<typeof ReadTarEventSchema>,
): Promise<void> {
  const path = normalPath(request.path);
  const { folder, name, above } = openTop(host, path, request.noSymlinks);
  try {
    const source = namePath(path, () => new TarSource(host, folder, name, above));
    try {
      let at = 0;
      for (;;) {
        context.signal.throwIfAborted();
        const count = await context.sink.sendBulk(
          Number.MAX_SAFE_INTEGER,
          (into) => source.fill(into),
          (got) => chunkPrefix(at, got),
        );
        if (count === 0) break;
        at += count;
      }
      const { files, skipped } = source;
      await context.send({ event: { case: 'done', value: { bytes: BigInt(at), files: BigInt(files), skipped } } });
    } finally {
      source.close();
    }
  } finally {
    folder.close();
  }
}

/** The parent directory of the tree. For "/" it is "/" itself, and names in the archive start with ".". */
function openTop(
  host: Host,
  path: string,
  noSymlinks: boolean,
): { folder: DirectoryHandle; name: string; above: string } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const above = path.slice(0, slash);
  const folder = host.files.openDirectory(above === '' ? '/' : above, { noSymlinks });
  return { folder, name: name === '' ? '.' : name, above };
}
