import { OperationError } from '@innkeeper/contract/errors';

export interface ReadVmFileOptions {
  /** First byte wanted. */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file on its way out of a guest. It is read once: by `body`, `bytes` or `text`. */
export interface VmFile {
  /** As stat says; 0 where the guest does not know, as in /proc. */
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedNs: bigint;
  /** To the end, or left by `break`: that ends the transfer. Rejects when it breaks midway. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole of it. Fails with INVALID_ARGUMENT beyond `maxBytes` (default: 64 MiB). */
  bytes(maxBytes?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The same as UTF-8; what is none is replaced. */
  text(maxBytes?: number): Promise<string>;
}

const defaultMaxBytes = 64 * 1024 * 1024;

/** Adds `bytes` and `text` to what a transfer gives. */
export function vmFile(path: string, file: Omit<VmFile, 'bytes' | 'text'>): VmFile {
  const bytes = async (maxBytes = defaultMaxBytes): Promise<Uint8Array<ArrayBuffer>> => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of file.body) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new OperationError('INVALID_ARGUMENT', `${path} has more than ${maxBytes} bytes.`, {
          nextStep: 'Read its body piece by piece.',
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
