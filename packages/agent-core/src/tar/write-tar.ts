import type { WriteTarEventSchema, WriteTarRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { isMalformedTarError, TarParser } from '@innkeeper/tar';
import type { CallContext } from '../dispatch.ts';
import { removeOldPartials } from '../file/partial-files.ts';
import type { PartialFolders } from '../file/partial-folders.ts';
import type { Host } from '../host.ts';
import { makeDirectory } from '../tree/make-directory.ts';
import { normalPath } from '../tree/normal-path.ts';
import { TarTarget } from './tar-target.ts';

/** Folders in which parts of an agent that was killed are looked for. */
const maxSeenFolders = 1024;
/** Entries that fit into one message, whatever their length. */
const skippedPerEvent = 16;

/**
 * Unpacks an archive into a directory. Entries unpacked before an error stay; the failing entry is not created.
 * @throws OperationError INVALID_PATH, INVALID_ARGUMENT, UPLOAD_GAP, FILE_SYMLINK_REFUSED; HostError
 */
export async function writeTar(
  host: Host,
  input: AsyncIterator<WriteTarRequest>,
  context: CallContext<typeof WriteTarEventSchema>,
  folders?: PartialFolders,
): Promise<void> {
  const { value: first } = await input.next();
  if (first?.input.case !== 'open') throw new OperationError('INVALID_ARGUMENT', 'The first message must be "open".');
  const { path: asked, createParents, keepOwners, noSymlinks, nameSkipped } = first.input.value;
  const path = normalPath(asked);
  if (createParents)
    await makeDirectory(host, {
      $typeName: 'innkeeper.agent.v1.MakeDirectoryRequest',
      path,
      parents: true,
      noSymlinks,
    });
  const seen = new Set<string>();
  const unsent: string[] = [];
  const onSkip = (what: string): void => {
    if (nameSkipped) unsent.push(what);
  };
  const sendSkipped = async (): Promise<void> => {
    while (unsent.length > 0)
      await context.send({ event: { case: 'skipped', value: { skipped: unsent.splice(0, skippedPerEvent) } } });
  };
  const target = new TarTarget(host, host.files.openDirectory(path, { noSymlinks }), {
    keepOwners,
    onSkip,
    onPartial: (inside) => {
      if (seen.size >= maxSeenFolders || seen.has(inside)) return;
      seen.add(inside);
      const folder = inside === '' ? path : `${path === '/' ? '' : path}/${inside}`;
      folders?.add(folder);
      removeOldPartials(host, folder);
    },
  });
  try {
    // Only now it is known that no link leads elsewhere.
    removeOldPartials(host, path);
    const parser = new TarParser(target);
    await context.send({ event: { case: 'opened', value: {} } });
    let at = 0;
    for (;;) {
      const { value: next } = await input.next();
      if (next === undefined) throw new OperationError('INVALID_ARGUMENT', 'The archive ended without "commit".');
      if (next.input.case === 'commit') break;
      if (next.input.case !== 'chunk')
        throw new OperationError('INVALID_ARGUMENT', '"open" is only allowed as the first message.');
      const { offset, data } = next.input.value;
      if (Number(offset) !== at)
        throw new OperationError('UPLOAD_GAP', `A chunk starts at ${offset}; ${at} was expected.`);
      parser.push(data);
      at += data.length;
      await sendSkipped();
    }
    parser.end();
    await sendSkipped();
    const { files, skipped } = target;
    await context.send({ event: { case: 'done', value: { bytes: BigInt(at), files: BigInt(files), skipped } } });
  } catch (error) {
    throw isMalformedTarError(error) ? new OperationError('INVALID_ARGUMENT', error.message, { cause: error }) : error;
  } finally {
    target.close();
  }
}
