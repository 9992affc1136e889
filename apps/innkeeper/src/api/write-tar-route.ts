import { OperationError } from '@innkeeper/contract';
import { isSet, requiredPath } from '../edge/query.ts';
import { bodyOf } from '../edge/web/leave-body.ts';
import type { HttpApiContext } from './api-context.ts';

/** PUT: unpacks the body, a tar archive, into a folder at the speed at which the guest writes it. Not resumable. */
export async function writeTarRoute({ vm, call, query, request, response, signal }: HttpApiContext): Promise<void> {
  const agent = await vm.agent({ signal });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* bodyOf(request);
    // An interrupted body without Content-Length ends the stream without an error.
    if (!request.complete) throw new OperationError('CANCELED', 'The caller disconnected during the upload.');
  }
  const { bytes, files, skipped } = await agent.writeTar(
    {
      path: requiredPath(query),
      noSymlinks: isSet(query, 'no-symlinks'),
      createParents: isSet(query, 'parents'),
      keepOwners: isSet(query, 'owners'),
    },
    body,
    { signal },
  );
  call.note({ bytes: Number(bytes), files: Number(files) });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ bytes: Number(bytes), files: Number(files), skipped }));
}
