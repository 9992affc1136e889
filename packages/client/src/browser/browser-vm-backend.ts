import { OperationError } from '@innkeeper/contract/errors';
import { openExec } from '../exec.ts';
import { filesUrl } from '../files-url.ts';
import type { VmBackend } from '../vm/vm-backend.ts';
import { type VmFile, vmFile } from '../vm/vm-file.ts';
import { blobOf } from '../vm/vm-file-content.ts';
import type { BrowserClientOptions } from './browser-client.ts';
import { toOperationError } from './browser-errors.ts';
import { openHttp } from './http.ts';
import { browserExecTransport } from './open-browser-exec-socket.ts';

/** What VMs' objects stand on in a browser. */
export function browserVmBackend(
  { csrfToken, baseUrl }: BrowserClientOptions,
  services: Pick<VmBackend, 'vms' | 'operations' | 'files'>,
): VmBackend {
  const transport = browserExecTransport({ baseUrl, askFor: (vm) => services.vms.getVm({ vm }) });
  return {
    ...services,
    exec: (vm, options) => openExec(transport, vm, options),
    readFile: async (vm, path, { offset, signal }) => {
      const query = new URLSearchParams({ path, ...(offset === undefined ? {} : { offset: `${offset}` }) });
      const address = `${baseUrl}${filesUrl(vm, query)}`;
      return fileOf(path, offset ?? 0, await openHttp(address, { csrfToken: csrfToken(), signal }));
    },
    writeFile: async (vm, path, content, { mode, user, group, parents, signal }) => {
      const body = blobOf(content);
      const query = new URLSearchParams({ path, size: `${body.size}` });
      const more = { mode: mode?.toString(8), user, group, parents: parents === true ? '1' : undefined };
      for (const [name, value] of Object.entries(more)) if (value !== undefined) query.set(name, value);
      const address = `${baseUrl}${filesUrl(vm, query)}`;
      const response = await openHttp(address, { method: 'PUT', csrfToken: csrfToken(), body, signal });
      return (await response.json()) as { readonly bytes: number };
    },
  };
}

function fileOf(path: string, offset: number, { headers, body }: Response): VmFile {
  const sizeBytes = Number(headers.get('x-innkeeper-size') ?? 0);
  return vmFile(path, {
    sizeBytes,
    mode: Number.parseInt(headers.get('x-innkeeper-mode') ?? '644', 8),
    modifiedNs: BigInt(headers.get('x-innkeeper-modified-ns') ?? 0),
    body: whole(path, sizeBytes - offset, body),
  });
}

/** The bytes of a body. A browser hides the trailer that says that it broke: one that is too short did. */
async function* whole(
  path: string,
  wantedBytes: number,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array> {
  let missing = wantedBytes;
  const reader = body?.getReader();
  try {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      if (done) break;
      missing -= value.length;
      yield value;
    }
  } catch (error) {
    throw toOperationError(error);
  } finally {
    // Whoever stops reading ends the transfer.
    await reader?.cancel();
  }
  if (missing > 0) throw new OperationError('GUEST_IO', `${path} ended ${missing} bytes early.`);
}
