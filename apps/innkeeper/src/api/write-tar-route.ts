import { OperationError } from '@innkeeper/contract';
import { isSet, requiredPath } from '../edge/query.ts';
import type { HttpExchange } from './exchange.ts';

/** PUT: unpacks the body, a tar archive, into a folder, no faster than the guest writes it. It cannot be gone on with. */
export async function writeTarRoute({ vm, pass, query, request, response, signal }: HttpExchange): Promise<void> {
  const agent = await vm.agent({ signal });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* request as AsyncIterable<Uint8Array>;
    // A body that broke off ends without an error where its length was not announced.
    if (!request.complete) throw new OperationError('CANCELED', 'The caller left in the middle of the archive.');
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
  pass.note({ bytes: Number(bytes), files: Number(files) });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ bytes: Number(bytes), files: Number(files), skipped }));
}
