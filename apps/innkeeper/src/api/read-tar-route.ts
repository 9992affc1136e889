import { archiveError } from '@innkeeper/contract/errors';
import { safeTar, treeNames } from '@innkeeper/tar';
import { errorHeader, toHttpError } from '../edge/api-error.ts';
import { attachment } from '../edge/attachment.ts';
import { isSet, requiredPath } from '../edge/query.ts';
import { sendPiece } from '../edge/send-body.ts';
import { endBroken } from '../edge/web/end-broken.ts';
import { explainEnd } from '../ports/explain-end.ts';
import type { HttpApiContext } from './api-context.ts';
import { skippedHeader } from './skipped-header.ts';

/**
 * GET: a folder or file as a tar archive, created in the guest while it is read, and checked here: unpacking it creates
 * one folder or file with the requested name. An error after the first byte is reported in the trailer
 * `x-innkeeper-error`, or breaks the connection; skipped entries are listed in `x-innkeeper-skipped`, which is cut, and
 * with `skipped=1` all of them in comments of the archive. `sparse=1` sends sparse files as GNU tar does, `attributes=1`
 * extended attributes.
 */
export async function readTarRoute({ vm, call, query, request, response, signal, log }: HttpApiContext): Promise<void> {
  const path = requiredPath(query);
  const agent = await vm.agent({ signal });
  const sparse = isSet(query, 'sparse');
  const attributes = isSet(query, 'attributes');
  const nameSkipped = isSet(query, 'skipped');
  const noSymlinks = isSet(query, 'no-symlinks');
  const reading = agent.readTar({ path, noSymlinks, sparse, attributes, nameSkipped }, { signal });
  const names = treeNames(path);
  const extras = { sparse, attributes, leftOut: nameSkipped ? ('keep' as const) : undefined };
  const chunks = safeTar(reading.chunks, names, extras);
  let sentBytes = 0;
  try {
    // A path that cannot be read fails with the first chunk, with an ordinary error response.
    let next = await chunks.next();
    response.writeHead(200, {
      'content-type': 'application/x-tar',
      ...attachment(`${names.as}.tar`),
      trailer: 'x-innkeeper-files, x-innkeeper-skipped, x-innkeeper-error',
    });
    response.flushHeaders();
    for (; next.done !== true; next = await chunks.next()) {
      sentBytes += next.value.length;
      await sendPiece(response, next.value, signal);
    }
    const { files, skipped } = await reading.done;
    response.addTrailers({ 'x-innkeeper-files': String(files), 'x-innkeeper-skipped': skippedHeader(skipped) });
    response.end();
    call.note({ bytes: sentBytes, files: Number(files) });
  } catch (error) {
    call.note({ bytes: sentBytes });
    const why = await explainEnd(archiveError(error), vm, signal);
    if (!response.headersSent || signal.aborted) throw why;
    endBroken(request, response, errorHeader(toHttpError(why, log).body));
    await call.close(why);
  } finally {
    await chunks.return(undefined);
  }
}
