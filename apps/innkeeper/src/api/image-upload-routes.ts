import { OperationError } from '@innkeeper/contract';
import { optionalBytes } from '../edge/query.ts';
import { bodyOf } from '../edge/web/leave-body.ts';
import type { HttpApiContext } from './api-context.ts';

/** HEAD: the number of bytes of an upload that have arrived, from which to continue. */
export async function imageUploadOffsetRoute({ node, parameters, response }: HttpApiContext): Promise<void> {
  const offset = await node.images.uploads.offset(parameters['upload'] ?? '');
  response.writeHead(200, { 'x-innkeeper-offset': String(offset) });
  response.end();
}

/** PUT: receives a part of an image file, or all of it. Bytes that arrive before an interruption are kept. */
export async function writeImageUploadRoute(context: HttpApiContext): Promise<void> {
  const { node, parameters, query, call, request, response } = context;
  const offset = Number(optionalBytes(query, 'offset') ?? 0n);
  const bytes = await node.images.uploads.receive(parameters['upload'] ?? '', offset, bodyOf(request));
  if (!request.complete) throw new OperationError('CANCELED', 'The caller disconnected during the upload.');
  call.note({ bytes });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ bytes }));
}

/** DELETE: removes an upload that will not be added. */
export async function removeImageUploadRoute({ node, parameters, response }: HttpApiContext): Promise<void> {
  await node.images.uploads.remove(parameters['upload'] ?? '');
  response.writeHead(204).end();
}
