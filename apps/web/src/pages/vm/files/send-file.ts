import { OperationError, type WireError } from '@innkeeper/contract/errors';
import { http } from '../../../api/api.ts';
import { filesAddress } from './files-address.ts';
import { type UploadSource, uploadId } from './upload-id.ts';
import type { UploadTransport } from './upload-queue.ts';

/** Smaller ones are begun anew without asking. */
const worthAskingBytes = 256 * 1024;

/**
 * Uploads to a VM by `PUT …/files`. fetch tells nothing about how far a body is, so the body goes by XMLHttpRequest.
 */
export function uploadTransport(vm: string, csrfToken: () => string): UploadTransport {
  const address = (path: string, file: Blob): string => {
    const source: UploadSource = file instanceof File ? file : { name: '', size: file.size, lastModified: 0 };
    return filesAddress(vm, path, { upload: uploadId(vm, path, source), size: String(file.size) });
  };
  return {
    async offset(path, file, signal) {
      if (file.size < worthAskingBytes) return 0;
      const { headers } = await http(address(path, file), { method: 'HEAD', signal });
      return Number(headers.get('x-innkeeper-offset') ?? 0);
    },
    send: (path, file, { offset, signal, onProgress }) =>
      put(`${address(path, file)}&offset=${offset}`, file.slice(offset), {
        csrfToken: csrfToken(),
        signal,
        onProgress,
      }),
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      }),
  };
}

function put(
  url: string,
  body: Blob,
  options: { readonly csrfToken: string; readonly signal: AbortSignal; readonly onProgress: (sent: number) => void },
): Promise<void> {
  const { csrfToken, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const onAbort = (): void => request.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    request.open('PUT', url);
    request.setRequestHeader('x-innkeeper-csrf', csrfToken);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(errorOf(request.responseText, request.status));
    };
    request.onerror = () => reject(new OperationError('DAEMON_UNREACHABLE', 'The upload was interrupted.'));
    request.onabort = () => reject(new OperationError('CANCELED', 'The upload was cancelled.'));
    request.onloadend = () => signal.removeEventListener('abort', onAbort);
    request.send(body);
  });
}

function errorOf(body: string, status: number): OperationError {
  const fallback = `The daemon answered ${status}.`;
  try {
    return OperationError.fromWire(JSON.parse(body) as WireError, { message: fallback });
  } catch {
    // No JSON: a proxy in between, or a daemon that broke in the middle.
    return new OperationError('INTERNAL', fallback);
  }
}
