import type { IncomingMessage } from 'node:http';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { OpenWriteSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import { pause } from '@innkeeper/kit';
import {
  isSet,
  optionalBytes,
  optionalMode,
  optionalNs,
  optionalSha256,
  optionalText,
  requiredPath,
} from '../edge/query.ts';
import { bodyOf } from '../edge/web/leave-body.ts';
import type { HttpApiContext } from './api-context.ts';
import { ReplayBody } from './replay-body.ts';

const discardTimeoutMs = 10_000;
/** 2 s for the end of a body that was cut off. */
const busyAttempts = 20;
const busyPauseMs = 100;

/**
 * PUT: receives a file at the speed at which the guest writes it. With an upload id, an interrupted upload can be resumed:
 * `offset` is where this body begins, and HEAD returns where to continue.
 */
export async function writeFileRoute({ vm, call, query, request, response, signal }: HttpApiContext): Promise<void> {
  const offset = optionalBytes(query, 'offset') ?? 0n;
  const open = openOf(query);
  if (offset > 0n && open.uploadId === undefined) {
    throw new OperationError('INVALID_ARGUMENT', 'The parameter "offset" requires "upload".');
  }
  const fromHeader = optionalSha256(request.headers['x-innkeeper-sha256']);
  const agent = await vm.agent({ signal });
  const body = new ReplayBody(bodyOf(request), Number(offset));
  const { bytes, sha256 } = await agent.writeFile(
    { ...open, resume: offset > 0n, sha256: true },
    (from) => body.from(Number(from)),
    {
      signal,
      expectedSha256: () => {
        assertComplete(request);
        return fromHeader ?? optionalSha256(request.trailers['x-innkeeper-sha256']);
      },
    },
  );
  call.note({ bytes: Number(bytes), sha256: Buffer.from(sha256).toString('hex') });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ bytes: Number(bytes), sha256: Buffer.from(sha256).toString('hex') }));
}

/** HEAD with an upload: the offset from which to continue; 0 when the guest has received nothing. */
export async function uploadOffsetRoute({ vm, query, response, signal }: HttpApiContext): Promise<void> {
  const agent = await vm.agent({ signal });
  const request = { path: requiredPath(query), uploadId: optionalText(query, 'upload') ?? '' };
  const { offset } = await agent.call(FileServiceLite.getUpload, request, { signal });
  response.writeHead(200, { 'x-innkeeper-offset': String(offset) });
  response.end();
}

/** DELETE with an upload: removes what the guest has received of it. Nothing there is not an error. */
export async function discardUploadRoute({ vm, query, response, signal }: HttpApiContext): Promise<void> {
  const agent = await vm.agent({ signal });
  const value = { path: requiredPath(query), uploadId: optionalText(query, 'upload') ?? '', noSync: true };
  // A new upload under this id replaces the old part, and one that ends without a commit leaves nothing.
  async function* onlyOpen() {
    yield { input: { case: 'open', value } } as const;
  }
  // The body that was cut off a moment ago may still be ending.
  for (let attempt = 0; ; attempt++)
    try {
      const answers = agent.stream(FileServiceLite.write, onlyOpen(), { signal, timeoutMs: discardTimeoutMs });
      for await (const { event } of answers) if (event.case === 'done') break;
      break;
    } catch (error) {
      if (!isOperationError(error)) throw error;
      if (error.reason === 'UPLOAD_BUSY' && attempt < busyAttempts) await pause(hostClock, busyPauseMs, signal);
      else if (error.reason === 'INVALID_ARGUMENT' || error.reason.startsWith('FILE_')) break;
      else throw error;
    }
  response.writeHead(204);
  response.end();
}

/** An interrupted body without Content-Length ends the stream without an error. */
function assertComplete(request: IncomingMessage): void {
  if (!request.complete) throw new OperationError('CANCELED', 'The caller disconnected during the upload.');
}

function openOf(query: URLSearchParams): MessageInitShape<typeof OpenWriteSchema> {
  const given = {
    uploadId: optionalText(query, 'upload'),
    mode: optionalMode(query),
    user: optionalText(query, 'user'),
    group: optionalText(query, 'group'),
    sizeBytes: optionalBytes(query, 'size'),
    modifiedUnixNs: optionalNs(query, 'modified-ns'),
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return {
    path: requiredPath(query),
    createParents: isSet(query, 'parents'),
    sparse: isSet(query, 'sparse'),
    ...present,
  };
}
