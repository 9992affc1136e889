import { OperationError } from '@innkeeper/contract/errors';
import { filesUrl, tarUrl } from '../core/addresses.ts';
import type { UnpackedTar } from '../core/unpacked-tar.ts';
import type { ReadVmFileOptions } from '../core/vm/vm-file.ts';
import { type VmFile, vmFile } from '../core/vm/vm-file.ts';
import type { WriteVmFileOptions } from '../core/vm/vm-file-content.ts';
import { bytesOf, type Origin, openHttp } from './http.ts';
import { type UploadOptions, uploadFile } from './upload.ts';

export interface ReadPageFileOptions extends ReadVmFileOptions {
  /** Maximum number of bytes to read. Default: all. */
  readonly length?: number | undefined;
}

/** Reading and writing guest files from a page. */
export interface PageFileContents {
  /** Download address of a file, for a link. */
  url(vm: string, path: string): string;
  /** Download address of a folder as a tar archive, for a link. */
  tarUrl(vm: string, path: string): string;
  read(vm: string, path: string, options?: ReadPageFileOptions): Promise<VmFile>;
  /** Writes a file atomically: whole or not at all. */
  write(vm: string, path: string, body: Blob, options?: WriteVmFileOptions): Promise<{ readonly bytes: number }>;
  /** The same for a large file: reports progress, and resumes after an interruption. */
  upload(vm: string, path: string, body: Blob, options: UploadOptions): Promise<void>;
  /** Unpacks a tar archive into a folder. Takes a Blob, since a browser cannot stream a request body. */
  writeTar(
    vm: string,
    path: string,
    archive: Blob,
    options?: {
      readonly createParents?: boolean | undefined;
      readonly keepOwners?: boolean | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<UnpackedTar>;
}

export function pageFileContents(origin: Origin): PageFileContents {
  const absolute = (path: string): string => `${origin.baseUrl}${path}`;
  return {
    url: (vm, path) => absolute(filesUrl(vm, new URLSearchParams({ path }))),
    tarUrl: (vm, path) => absolute(tarUrl(vm, new URLSearchParams({ path }))),
    read: async (vm, path, { offset, length, signal } = {}) => {
      const response = await openHttp(origin, filesUrl(vm, queryOf({ path, offset, length })), { signal });
      return fileOf(path, { offset, length }, response);
    },
    write: async (vm, path, body, { mode, user, group, parents, signal } = {}) => {
      const more = { mode: mode?.toString(8), user, group, parents: parents === true ? '1' : undefined };
      const address = filesUrl(vm, queryOf({ path, size: body.size, ...more }));
      const response = await openHttp(origin, address, { method: 'PUT', body, signal });
      return (await response.json()) as { readonly bytes: number };
    },
    upload: (vm, path, body, options) => uploadFile(origin, vm, path, body, options),
    writeTar: async (vm, path, archive, { createParents, keepOwners, signal } = {}) => {
      const parents = createParents === true ? '1' : undefined;
      const owners = keepOwners === true ? '1' : undefined;
      const address = tarUrl(vm, queryOf({ path, parents, owners }));
      const response = await openHttp(origin, address, { method: 'PUT', body: archive, signal });
      return (await response.json()) as UnpackedTar;
    },
  };
}

/** Omits undefined fields. */
function queryOf(fields: Readonly<Record<string, string | number | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, `${value}`);
  return query;
}

function fileOf(
  path: string,
  { offset = 0, length = Number.POSITIVE_INFINITY }: ReadPageFileOptions,
  { headers, body }: Response,
): VmFile {
  const sizeBytes = Number(headers.get('x-innkeeper-size') ?? 0);
  return vmFile(path, {
    sizeBytes,
    mode: Number.parseInt(headers.get('x-innkeeper-mode') ?? '644', 8),
    modifiedNs: BigInt(headers.get('x-innkeeper-modified-ns') ?? 0),
    body: expectBytes(path, Math.min(sizeBytes - offset, length), body),
  });
}

/**
 * Yields the bytes of a body. A browser hides the trailer that reports an error midway, so a body that is too short is
 * treated as failed.
 */
async function* expectBytes(
  path: string,
  wantedBytes: number,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array> {
  let missing = wantedBytes;
  for await (const chunk of bytesOf(body)) {
    missing -= chunk.length;
    yield chunk;
  }
  if (missing > 0) throw new OperationError('GUEST_IO', `${path} ended ${missing} bytes early.`);
}
