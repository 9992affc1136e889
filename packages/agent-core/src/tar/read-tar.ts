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
  const { noSymlinks, sparse, attributes, nameSkipped } = request;
  const { folder, ...top } = openTop(host, path, { noSymlinks, isInside: /\/\.?$/.test(request.path) });
  try {
    const options = { ...top, sparse, attributes, nameSkipped };
    const source = namePath(path, () => new TarSource(host, folder, options));
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

/**
 * The directory that has the tree as an entry. With `isInside` (the path ends with a slash) it is the tree itself, or what
 * a link with this path leads to. So it is for "/", and names in the archive start with ".".
 */
function openTop(
  host: Host,
  path: string,
  { noSymlinks, isInside }: { readonly noSymlinks: boolean; readonly isInside: boolean },
): { folder: DirectoryHandle; entry: string; name: string; above: string } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1) || '.';
  const above = path.slice(0, slash);
  if (isInside) return { folder: host.files.openDirectory(path, { noSymlinks }), entry: '.', name, above };
  const folder = host.files.openDirectory(above === '' ? '/' : above, { noSymlinks });
  return { folder, entry: name, name, above };
}
