import { FileChangeKind } from '@innkeeper/contract/agent-lite';
import type { FolderChange } from '../host.ts';
import type { ChangeBatch } from './change-batch.ts';
import type { TreeOptions, WatchedFolder, WatchedTree, WatchTarget } from './watched-tree.ts';

/** IN_*, inotify(7). */
const modified = 2;
const attributes = 4;
const closed = 8;
const movedFrom = 0x40;
const movedTo = 0x80;
const created = 0x100;
const removed = 0x200;
const ofFolder = 0x40000000;

export interface ChangePlace {
  /** The folder that has the name. */
  readonly watched: WatchedFolder;
  readonly tree: WatchedTree;
  /** The second halves of renames that were read with it, by their cookies. */
  readonly targets: Map<number, FolderChange>;
  readonly target: WatchTarget;
  readonly batch: ChangeBatch;
  readonly options: Pick<TreeOptions, 'isRecursive'>;
}

/** Reports a change of a name in a watched folder, and follows it in the tree. */
export async function takeChange({ events, cookie, name }: FolderChange, place: ChangePlace): Promise<void> {
  const { watched, tree, targets, target, batch, options } = place;
  const is = (bits: number): boolean => (events & bits) !== 0;
  const isFolder = is(ofFolder);
  const isWanted = (each: string): boolean => target.name === '' || target.name === each;
  const pathOf = (folder: WatchedFolder, each: string): string =>
    each === target.name ? target.path : tree.pathOf(folder, each);
  /** Watches a folder that is new in a tree, and reports what was created in it meanwhile. */
  const enter = async (folder: WatchedFolder, each: string): Promise<void> => {
    if (isFolder && options.isRecursive)
      await tree.add(folder, each, (path, isInnerFolder) => batch.add(FileChangeKind.CREATED, path, isInnerFolder));
  };

  const path = pathOf(watched, name);
  const to = is(movedFrom) ? targets.get(cookie) : undefined;
  const toFolder = to && tree.find(to.watch);
  if (!isWanted(name) && !(toFolder && to && isWanted(to.name))) return;
  if (to !== undefined && toFolder !== undefined) {
    targets.delete(cookie);
    tree.takeFound(toFolder, to.name);
    await batch.add(FileChangeKind.RENAMED, pathOf(toFolder, to.name), isFolder, path);
    if (!tree.move(watched, name, toFolder, to.name)) await enter(toFolder, to.name);
  } else if (is(movedFrom | removed)) {
    tree.takeFound(watched, name);
    tree.drop(watched.children.get(name));
    await batch.add(FileChangeKind.REMOVED, path, isFolder);
  } else if (is(created) || (is(movedTo) && targets.delete(cookie))) {
    if (tree.takeFound(watched, name)) return;
    await batch.add(FileChangeKind.CREATED, path, isFolder);
    await enter(watched, name);
  } else {
    const kind = is(modified)
      ? FileChangeKind.MODIFIED
      : is(closed)
        ? FileChangeKind.CLOSED
        : is(attributes)
          ? FileChangeKind.ATTRIBUTES
          : undefined;
    if (kind !== undefined) await batch.add(kind, path, isFolder);
  }
}
