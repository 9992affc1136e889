import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { treeNames } from '@innkeeper/tar';
import { errorHeader, toHttpError } from '../edge/api-error.ts';
import { attachment } from '../edge/attachment.ts';
import { isSet, optionalBytes, requiredPath } from '../edge/query.ts';
import { sendPiece } from '../edge/send-body.ts';
import { endBroken } from '../edge/web/end-broken.ts';
import { explainEnd } from '../ports/explain-end.ts';
import type { HttpApiContext } from './api-context.ts';

const statTimeoutMs = 30_000;

/**
 * GET: streams a file from the guest, at the client's speed. An error after the first byte is reported in the trailer
 * `x-innkeeper-error`, or breaks the connection.
 */
export async function readFileRoute({
  vm,
  call,
  query,
  request,
  response,
  signal,
  log,
}: HttpApiContext): Promise<void> {
  const agent = await vm.agent({ signal });
  const path = requiredPath(query);
  const reading = agent.readFile(
    {
      path,
      offset: optionalBytes(query, 'offset') ?? 0n,
      length: optionalBytes(query, 'length') ?? 0n,
      sha256: isSet(query, 'sha256'),
      noSymlinks: isSet(query, 'no-symlinks'),
    },
    { signal },
  );
  const chunks = reading.chunks[Symbol.asyncIterator]();
  let sentBytes = 0;
  try {
    // Attributes arrive with the first chunk; a file that cannot be read fails here, with an ordinary error response.
    let next = await chunks.next();
    response.writeHead(200, {
      ...fileHeaders(await reading.info),
      'content-type': 'application/octet-stream',
      ...attachment(treeNames(path).as),
      trailer: 'x-innkeeper-sha256, x-innkeeper-error',
    });
    response.flushHeaders();
    for (; next.done !== true; next = await chunks.next()) {
      sentBytes += next.value.length;
      await sendPiece(response, next.value, signal);
    }
    const { sha256 } = await reading.done;
    if (sha256.length > 0) response.addTrailers({ 'x-innkeeper-sha256': Buffer.from(sha256).toString('hex') });
    response.end();
    call.note({ bytes: sentBytes });
  } catch (error) {
    call.note({ bytes: sentBytes });
    const why = await explainEnd(error, vm, signal);
    if (!response.headersSent || signal.aborted) throw why;
    endBroken(request, response, errorHeader(toHttpError(why, log).body));
    await call.close(why);
  } finally {
    await chunks.return?.();
  }
}

/** HEAD without an upload: the attributes of a path's target. */
export async function statFileRoute({ vm, query, response, signal }: HttpApiContext): Promise<void> {
  const agent = await vm.agent({ signal });
  const info = await agent.call(
    FileServiceLite.stat,
    { path: requiredPath(query), follow: true },
    { signal, timeoutMs: statTimeoutMs },
  );
  response.writeHead(200, fileHeaders(info));
  response.end();
}

function fileHeaders(info: FileInfo): Record<string, string> {
  // A foreign agent may know nothing but the content.
  if (info.kind === FileKind.UNSPECIFIED) return { 'x-innkeeper-size': String(info.sizeBytes) };
  return {
    'x-innkeeper-size': String(info.sizeBytes),
    ...(info.allocatedBytes === undefined ? {} : { 'x-innkeeper-allocated': String(info.allocatedBytes) }),
    'x-innkeeper-kind': kindName(info.kind),
    'x-innkeeper-mode': info.mode.toString(8),
    'x-innkeeper-uid': String(info.uid),
    'x-innkeeper-gid': String(info.gid),
    'x-innkeeper-modified-ns': String(info.modifiedUnixNs),
  };
}

/** "regular", "character_device". */
function kindName(kind: FileKind): string {
  const name = Object.entries(FileKind).find(([, value]) => value === kind)?.[0] ?? 'unspecified';
  return name.toLowerCase();
}
