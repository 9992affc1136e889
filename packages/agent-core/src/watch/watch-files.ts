import type { WatchFilesEventSchema, WatchFilesRequest } from '@innkeeper/contract/agent';
import { FileChangeKind } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort, orAborted, pause } from '@innkeeper/kit';
import type { CallContext } from '../dispatch.ts';
import { splitPath } from '../file/check-path.ts';
import type { FolderChange, FolderWatcher, Host } from '../host.ts';
import { HostError, hasErrno } from '../host-error.ts';
import { normalPath } from '../tree/normal-path.ts';
import { ChangeBatch } from './change-batch.ts';
import type { KeptWatches, WatchState } from './kept-watches.ts';
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

/** Why a watch ends: changes were lost, its folder is gone, or it was left to the next program of the agent. */
type WatchEnd = 'lost' | 'gone' | 'left';

type Context = CallContext<typeof WatchFilesEventSchema>;
type Watch = (request: WatchFilesRequest, context: Context) => Promise<void>;

/**
 * FileService.Watch. Changes wait in the kernel while the reader is slow, which loses them when they are too many.
 * @param leaving aborted before the sessions end because the agent is replaced
 */
export function fileWatches(host: Host, kept: KeptWatches, leaving: AbortSignal): Watch {
  const count: WatchCount = { folders: 0 };
  let calls = 0;
  return async (request, context) => {
    const { watchId } = request;
    if (!/^[\w-]{0,64}$/.test(watchId))
      throw new OperationError('INVALID_ARGUMENT', 'watch_id must be at most 64 characters of [A-Za-z0-9_-].');
    const before = watchId === '' ? undefined : kept.take(watchId);
    if (before !== undefined) checkStillAllowed(host, before);
    const target = before?.target ?? targetOf(host, request);
    if (before === undefined && calls + kept.size >= maxCalls)
      throw new OperationError('WATCH_LIMIT', `${maxCalls} watches run already.`);
    calls++;
    try {
      const run = () => watchFiles(host, { request, target, before, count, kept, leaving }, context);
      await (watchId === '' ? run() : kept.during(run));
    } finally {
      calls--;
    }
  };
}

interface Watched {
  readonly request: WatchFilesRequest;
  readonly target: WatchTarget;
  /** What an earlier program of the agent has handed over. */
  readonly before: WatchState | undefined;
  readonly count: WatchCount;
  readonly kept: KeptWatches;
  readonly leaving: AbortSignal;
}

/** Resolves when the watched folder is no more, or the watch was left to the next program. */
async function watchFiles(host: Host, watched: Watched, context: Context): Promise<void> {
  const { request, target, before, count, kept, leaving } = watched;
  const { noSymlinks, watchId } = request;
  const { folder, name, path } = target;
  const isRecursive = before?.isRecursive ?? (request.recursive && name === '');
  const isLeaving = (): boolean => watchId !== '' && leaving.aborted;
  const batch = new ChangeBatch(context.sink, { isNumbered: watchId !== '', isLeaving });
  const top = name === '' ? path : folder;
  // The end of the session does not end a watch that is left to the next program: it first comes to rest.
  const ended = new AbortController();
  const { signal } = ended;
  const unlink = onAbort(context.signal, (reason) => {
    if (!isLeaving()) ended.abort(reason);
  });
  const options = { folder, path: top, noSymlinks: before?.noSymlinks ?? noSymlinks, isRecursive, count, signal };

  try {
    let end: WatchEnd = before === undefined ? await runOnce(true) : await runOn(before);
    while (end === 'lost') {
      await pause(host.clock, lostMs, signal);
      signal.throwIfAborted();
      if (isLeaving()) return;
      end = await runOnce(false);
    }
    if (end === 'left') return;
    await batch.add(FileChangeKind.REMOVED, path, name === '');
    await batch.flush();
  } finally {
    unlink();
  }

  /** Watches from now on. */
  async function runOnce(isFirst: boolean): Promise<WatchEnd> {
    const watcher = openWatcher(host);
    const tree = createWatchedTree(host, watcher, options);
    return await untilEnd(watcher, tree, async () => {
      try {
        await tree.add(undefined, '');
      } catch (error) {
        if (isFirst || tree.size > 0 || !hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
        return 'gone';
      }
      if (!isFirst) await batch.flush(true);
      else if (!isLeaving()) await context.send({ event: { case: 'started', value: { folders: tree.size } } });
      return await follow(watcher, tree);
    });
  }

  /** Goes on with what was handed over. */
  async function runOn(state: WatchState): Promise<WatchEnd> {
    const watcher = host.files.adoptWatcher(state.watcher);
    const tree = createWatchedTree(host, watcher, options, state.tree);
    return await untilEnd(watcher, tree, async () => {
      await context.send({ event: { case: 'started', value: { folders: tree.size, continued: true } } });
      await batch.resume(state.batch, Number(request.after));
      return await follow(watcher, tree, state.held);
    });
  }

  async function untilEnd(watcher: FolderWatcher, tree: WatchedTree, run: () => Promise<WatchEnd>): Promise<WatchEnd> {
    const stopListening = onAbort(signal, () => watcher.close());
    let end: WatchEnd | undefined;
    try {
      end = await run();
      return end;
    } finally {
      stopListening();
      if (end !== 'left') watcher.close();
      tree.forget();
    }
  }

  async function follow(watcher: FolderWatcher, tree: WatchedTree, before?: FolderChange): Promise<WatchEnd> {
    let held = before;
    for (;;) {
      if (held === undefined && !isLeaving()) await readableOrLeaving(watcher);
      if (!isLeaving()) await pause(host.clock, roundMs, signal);
      signal.throwIfAborted();
      if (isLeaving()) {
        await batch.flush();
        const { state } = tree;
        const { noSymlinks: refuses } = options;
        const { descriptor } = watcher;
        kept.leave({
          id: watchId,
          watcher: descriptor,
          target,
          noSymlinks: refuses,
          isRecursive,
          tree: state,
          held,
          batch: batch.state,
        });
        return 'left';
      }
      let end: WatchEnd | undefined;
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

  async function readableOrLeaving(watcher: FolderWatcher): Promise<void> {
    if (watchId === '') return await watcher.readable();
    try {
      await orAborted(watcher.readable(), leaving);
    } catch (error) {
      if (!leaving.aborted) throw error;
    }
  }

  /** Not undefined when the watching is over. */
  async function take(changes: readonly FolderChange[], tree: WatchedTree): Promise<WatchEnd | undefined> {
    const targets = new Map<number, FolderChange>();
    for (const each of changes) if ((each.events & movedTo) !== 0) targets.set(each.cookie, each);
    for (const change of changes) {
      if ((change.events & overflown) !== 0) return 'lost';
      const watched = tree.find(change.watch);
      if (watched === undefined) continue;
      if (change.name !== '') await takeChange(change, { watched, tree, targets, target, batch, options });
      else if (watched.parent === undefined) {
        if ((change.events & folderEnded) !== 0) return 'gone';
        if (name === '' && (change.events & attributes) !== 0) await batch.add(FileChangeKind.ATTRIBUTES, path, true);
      }
      if (tree.isLost) return 'gone';
    }
    return undefined;
  }
}

/** The guest's policy may be another one by now. That the folder is gone is among the changes to come. */
function checkStillAllowed({ files }: Host, { watcher, target, noSymlinks }: WatchState): void {
  try {
    files.openDirectory(target.folder, { noSymlinks }).close();
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return;
    files.adoptWatcher(watcher).close();
    throw error;
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
