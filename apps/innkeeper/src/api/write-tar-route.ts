import { OperationError } from '@innkeeper/contract';
import { isSet, requiredPath } from '../edge/query.ts';
import { bodyOf } from '../edge/web/leave-body.ts';
import type { HttpApiContext } from './api-context.ts';

/** Maximum UTF-16 units of the names that are kept for the answer; further ones are counted. */
const maxNamedChars = 8 * 1024 * 1024;
/** Memory of one entry besides its text. */
const entryChars = 32;

/** PUT: unpacks the body, a tar archive, into a folder at the speed at which the guest writes it. Not resumable. */
export async function writeTarRoute({ vm, call, query, request, response, signal }: HttpApiContext): Promise<void> {
  const agent = await vm.agent({ signal });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* bodyOf(request);
    // An interrupted body without Content-Length ends the stream without an error.
    if (!request.complete) throw new OperationError('CANCELED', 'The caller disconnected during the upload.');
  }
  const named = new NamedSkips();
  const { bytes, files, skipped } = await agent.writeTar(
    {
      path: requiredPath(query),
      noSymlinks: isSet(query, 'no-symlinks'),
      createParents: isSet(query, 'parents'),
      keepOwners: isSet(query, 'owners'),
      nameSkipped: true,
    },
    body,
    { signal, onSkip: (what) => named.add(what) },
  );
  call.note({ bytes: Number(bytes), files: Number(files) });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ bytes: Number(bytes), files: Number(files), skipped: named.list ?? skipped }));
}

/** What a guest leaves out, as it reports it. An older agent reports at most 100 entries, at the end. */
class NamedSkips {
  readonly #entries: string[] = [];
  #chars = 0;
  #further = 0;

  add(what: string): void {
    this.#chars += what.length + entryChars;
    if (this.#chars <= maxNamedChars) this.#entries.push(what);
    else this.#further++;
  }

  /** undefined if nothing was reported. */
  get list(): readonly string[] | undefined {
    if (this.#entries.length === 0) return undefined;
    return this.#further === 0 ? this.#entries : [...this.#entries, `${this.#further} more entries`];
  }
}
