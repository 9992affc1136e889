import type { WatchFilesEventSchema, WatchFilesRequest } from '@innkeeper/contract/agent';
import { FileChangeKind } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort, pause } from '@innkeeper/kit';
import type { CallContext } from '../dispatch.ts';
import { splitPath } from '../file/check-path.ts';
import type { FolderChange, FolderWatcher, Host } from '../host.ts';
import { HostError, hasErrno } from '../host-error.ts';
import { normalPath } from '../tree/normal-path.ts';
import { ChangeBatch } from './change-batch.ts';
import { takeChange } from './take-change.ts';
import { createWatchedTree, type WatchCount, type WatchedTree, type WatchTarget, watchLimit } from './watched-tree.ts';

const maxCalls = 16;
/** Changes are read this often, some hundreds each time: a storm of them costs a bounded share of the processor. */
const roundMs = 100;
const readsPerRound = 2;
/** Before a tree is looked through again, when changes were lost. */
const lostMs = 1000;
const maxLinks = 40;

/** IN_*, inotify(7). */
const attributes = 4;
const movedFrom = 0x40;
const movedTo = 0x80;
const folderEnded = 0x2c00;
const overflown = 0x4000;

type Watch = (request: WatchFilesRequest, context: CallContext<typeof WatchFilesEventSchema>) => Promise<void>;

/** FileService.Watch. Changes wait in the kernel while the reader is slow, which loses them when they are too many. */
export function fileWatches(host: Host): Watch {
  const count: WatchCount = { folders: 0 };
  let calls = 0;
  return async (request, context) => {
    const target = targetOf(host, request);
    if (calls >= maxCalls) throw new OperationError('WATCH_LIMIT', `${maxCalls} watches run already.`);
    calls++;
    try {
      await watchFiles(host, request, target, count, context);
    } finally {
      calls--;
    }
  };
}

/** Resolves when the watched folder is no more. */
async function watchFiles(
  host: Host,
  { noSymlinks, recursive }: WatchFilesRequest,
  target: WatchTarget,
  count: WatchCount,
  { signal, send }: CallContext<typeof WatchFilesEventSchema>,
): Promise<void> {
  const { folder, name, path } = target;
  const batch = new ChangeBatch(send);
  const options = {
    folder,
    path: name === '' ? path : folder,
    noSymlinks,
    isRecursive: recursive && name === '',
    count,
    signal,
  };

  for (let isFirst = true; await runOnce(isFirst); isFirst = false) {
    await pause(host.clock, lostMs, signal);
    signal.throwIfAborted();
  }
  await batch.add(FileChangeKind.REMOVED, path, name === '');
  await batch.flush();

  /** Watches until the folder is no more (false) or changes were lost (true). */
  async function runOnce(isFirst: boolean): Promise<boolean> {
    const watcher = openWatcher(host);
    const stopListening = onAbort(signal, () => watcher.close());
    const tree = createWatchedTree(host, watcher, options);
    try {
      await tree.add(undefined, '');
      if (isFirst) await send({ event: { case: 'started', value: { folders: tree.size } } });
      else await batch.flush(true);
      return await follow(watcher, tree);
    } catch (error) {
      if (isFirst || tree.size > 0 || !hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
      return false;
    } finally {
      stopListening();
      watcher.close();
      tree.forget();
    }
  }

  async function follow(watcher: FolderWatcher, tree: WatchedTree): Promise<boolean> {
    let held: FolderChange | undefined;
    for (;;) {
      if (held === undefined) await watcher.readable();
      await pause(host.clock, roundMs, signal);
      signal.throwIfAborted();
      let end: boolean | undefined;
      for (let reads = 0; reads < readsPerRound && end === undefined; reads++) {
        const changes = watcher.read();
        if (held !== undefined) changes.unshift(held);
        // The second half of a rename may not have been there yet.
        const last = changes.at(-1);
        held = last !== undefined && last !== held && (last.events & movedFrom) !== 0 ? changes.pop() : undefined;
        if (last === undefined) tree.forgetFound();
        end = await take(changes, tree);
        if (held !== undefined || last === undefined) break;
      }
      await batch.flush();
      if (end !== undefined) return end;
    }
  }

  /** Not undefined when the watching is over: as `runOnce`. */
  async function take(changes: readonly FolderChange[], tree: WatchedTree): Promise<boolean | undefined> {
    const targets = new Map<number, FolderChange>();
    for (const each of changes) if ((each.events & movedTo) !== 0) targets.set(each.cookie, each);
    for (const change of changes) {
      if ((change.events & overflown) !== 0) return true;
      const watched = tree.find(change.watch);
      if (watched === undefined) continue;
      if (change.name !== '') await takeChange(change, { watched, tree, targets, target, batch, options });
      else if (watched.parent === undefined) {
        if ((change.events & folderEnded) !== 0) return false;
        if (name === '' && (change.events & attributes) !== 0) await batch.add(FileChangeKind.ATTRIBUTES, path, true);
      }
      if (tree.isLost) return false;
    }
    return undefined;
  }
}

function openWatcher({ files }: Host): FolderWatcher {
  try {
    return files.watchFolders();
  } catch (error) {
    throw watchLimit(error, 'EMFILE', 'instances');
  }
}

/** A folder is watched itself; anything else as a name in its folder, so that another file in its place is seen. */
function targetOf({ files }: Host, { path: given, noSymlinks }: WatchFilesRequest): WatchTarget {
  const path = normalPath(given);
  let target = path;
  for (let links = 0; ; links++) {
    const { folder, name } = splitPath(target);
    // Refuses links in the path if the caller does.
    if (noSymlinks) files.openDirectory(folder, { noSymlinks }).close();
    const { type } = files.stat(target, false);
    if (type === 'directory') return { folder: target, name: '', path };
    if (type !== 'symlink') return { folder, name, path };
    if (noSymlinks || links >= maxLinks) throw new HostError('ELOOP', 'open', path);
    const to = files.readLink(target);
    target = to.startsWith('/') ? to : `${folder}/${to}`;
  }
}
