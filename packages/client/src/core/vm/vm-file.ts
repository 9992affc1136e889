import { OperationError } from '@innkeeper/contract/errors';

export interface ReadVmFileOptions {
  /** Offset of the first byte to read. Default: 0. */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file being downloaded from a guest. It can be read once: by `body`, `bytes` or `text`. */
export interface VmFile {
  /** As reported by stat; 0 if the guest does not know it, as in /proc. */
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedNs: bigint;
  /** Read it to the end, or leave it with `break`, which ends the transfer. Rejects when the transfer breaks midway. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole file. Rejects with INVALID_ARGUMENT beyond `maxBytes` (default: 64 MiB). */
  bytes(maxBytes?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The same as UTF-8; invalid bytes are replaced. */
  text(maxBytes?: number): Promise<string>;
}

const defaultMaxBytes = 64 * 1024 * 1024;

/** Adds `bytes` and `text` to a transfer. */
export function vmFile(path: string, file: Omit<VmFile, 'bytes' | 'text'>): VmFile {
  const bytes = async (maxBytes = defaultMaxBytes): Promise<Uint8Array<ArrayBuffer>> => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of file.body) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new OperationError('INVALID_ARGUMENT', `${path} is larger than ${maxBytes} bytes.`, {
          nextStep: 'Read `body` in chunks, or raise `maxBytes`.',
        });
      }
      chunks.push(chunk);
    }
    const all = new Uint8Array(length);
    let offset = 0;
    for (const chunk of chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  };
  return { ...file, bytes, text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)) };
}
