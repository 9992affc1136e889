import type { ReadFileEventSchema, ReadFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { CallContext } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { checkPath } from './check-path.ts';
import { chunkPrefix } from './chunk-prefix.ts';
import { fileInfo } from './file-info.ts';
import { openOptions } from './open-options.ts';

/**
 * Streams a file: its info, its bytes from the offset on, and how many they were. Reads to the end that is found, not to
 * the size that stat told: files of /proc have size 0, and a log grows.
 */
export async function readFile(
  host: Host,
  request: ReadFileRequest,
  context: CallContext<typeof ReadFileEventSchema>,
): Promise<void> {
  const path = checkPath(request.path);
  const { files } = host;
  const file = files.open(path, openOptions({ noSymlinks: request.noSymlinks, nonBlocking: true }));
  try {
    const stat = files.statHandle(file);
    if (stat.type === 'directory') throw new OperationError('FILE_IS_DIRECTORY', `${path} is a directory.`);
    if (stat.type === 'fifo' || stat.type === 'socket')
      throw new OperationError('INVALID_ARGUMENT', `${path} is a ${stat.type}: it has no content to read.`);
    await context.send({ event: { case: 'info', value: fileInfo(host, path, stat) } });
    const hash = request.sha256 ? host.bytes.createSha256() : undefined;
    const start = Number(request.offset);
    const end = request.length === 0n ? Number.MAX_SAFE_INTEGER : start + Number(request.length);
    let at = start;
    while (at < end) {
      context.signal.throwIfAborted();
      const count = await context.sink.sendBulk(
        end - at,
        (into) => {
          const got = files.read(file, into, at);
          if (got > 0) hash?.update(into.subarray(0, got));
          return Math.max(0, got);
        },
        (got) => chunkPrefix(at, got),
      );
      if (count === 0) break;
      at += count;
    }
    // Short of a size that was known: somebody cut the file while it was read.
    if (stat.type === 'regular' && stat.sizeBytes > 0 && at < Math.min(end, stat.sizeBytes) && start < stat.sizeBytes)
      throw new OperationError('FILE_CHANGED', `${path} was cut to ${at} bytes while it was read.`);
    await context.send({
      event: {
        case: 'done',
        value: { bytes: BigInt(at - start), ...(hash === undefined ? {} : { sha256: hash.digest() }) },
      },
    });
  } finally {
    file.close();
  }
}
