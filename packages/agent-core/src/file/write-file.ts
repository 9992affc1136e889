import type { WriteFileEventSchema, WriteFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { type CallContext, firstOf } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { removeOldPartials } from './partial-files.ts';
import { Upload } from './upload.ts';
import { resolveTarget } from './upload-target.ts';

/** Uploads with a name, by path: the same one cannot be written by two calls at once. */
const busy = new Set<string>();

/** Takes a file: open, chunks, commit. A call that ends before its commit leaves a partial file when it can be resumed. */
export async function writeFile(
  host: Host,
  input: AsyncIterator<WriteFileRequest>,
  context: CallContext<typeof WriteFileEventSchema>,
): Promise<void> {
  const first = (await firstOf(input)).input;
  if (first.case !== 'open') throw new OperationError('INVALID_ARGUMENT', 'A write begins with open.');
  const open = first.value;
  const target = await resolveTarget(host, open);
  const key = `${target.path}\0${open.uploadId}`;
  if (open.uploadId !== '' && busy.has(key))
    throw new OperationError('UPLOAD_BUSY', `Another session writes the upload ${open.uploadId}.`);
  if (!target.inPlace) removeOldPartials(host, target.folder);
  const upload = Upload.begin(host, open, target, open.sha256);
  busy.add(key);
  try {
    await context.send({ event: { case: 'opened', value: { offset: BigInt(upload.offset) } } });
    for (;;) {
      const next = await input.next();
      if (next.done === true) throw new OperationError('CANCELED', 'The upload ended without a commit.');
      const request = next.value.input;
      if (request.case === 'chunk') {
        upload.write(Number(request.value.offset), request.value.data);
      } else if (request.case === 'commit') {
        const sha256 = await upload.commit(request.value.sha256);
        await context.send({
          event: { case: 'done', value: { bytes: BigInt(upload.bytes), ...(sha256 === undefined ? {} : { sha256 }) } },
        });
        return;
      } else {
        throw new OperationError('INVALID_ARGUMENT', 'After open come chunks and one commit.');
      }
    }
  } catch (error) {
    upload.abandon();
    if (hasErrno(error, 'ENOSPC', 'EDQUOT'))
      throw new OperationError('GUEST_DISK_FULL', `${target.path}: the file system or quota is full.`, {
        cause: error,
      });
    throw error;
  } finally {
    upload.abandon();
    busy.delete(key);
  }
}
