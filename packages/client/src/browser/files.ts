import { OperationError } from '@innkeeper/contract/errors';
import { filesUrl, tarUrl } from '../core/addresses.ts';
import type { UnpackedTar } from '../core/unpacked-tar.ts';
import type { ReadVmFileOptions } from '../core/vm/vm-file.ts';
import { type VmFile, vmFile } from '../core/vm/vm-file.ts';
import type { WriteVmFileOptions } from '../core/vm/vm-file-content.ts';
import { bytesOf, type Origin, openHttp } from './http.ts';
import { type UploadOptions, uploadFile } from './upload.ts';

export interface ReadPageFileOptions extends ReadVmFileOptions {
  /** Bytes wanted at most. Default: all. */
  readonly length?: number | undefined;
}

/** Contents of files of guests, for a page. */
export interface PageFileContents {
  /** Where a file's bytes are, for a link. */
  url(vm: string, path: string): string;
  /** Where a folder is as a tar archive, for a link. */
  tarUrl(vm: string, path: string): string;
  read(vm: string, path: string, options?: ReadPageFileOptions): Promise<VmFile>;
  /** The file appears whole or not at all. */
  write(vm: string, path: string, body: Blob, options?: WriteVmFileOptions): Promise<{ readonly bytes: number }>;
  /** The same for a large one, with its progress; it goes on by itself when it breaks off. */
  upload(vm: string, path: string, body: Blob, options: UploadOptions): Promise<void>;
  /** Unpacks a tar archive into a folder. A browser holds what it sends, so it takes a Blob. */
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

/** Without what is undefined. */
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
    body: whole(path, Math.min(sizeBytes - offset, length), body),
  });
}

/** The bytes of a body. A browser hides the trailer that says that it broke: one that is too short did. */
async function* whole(
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
