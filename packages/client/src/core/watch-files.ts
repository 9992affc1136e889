import { type FileChange, FileChangeKind } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';

export interface WatchFilesOptions extends CallOptions {
  /** Reject paths that contain a symbolic link (FILE_SYMLINK_REFUSED). Default: links in the path are followed. */
  readonly noSymlinks?: boolean | undefined;
  /** Watch the whole tree, with folders that come into it later. Links and other file systems in it are not entered. */
  readonly recursive?: boolean | undefined;
}

/** What happened to files of a guest. */
export type FileWatchEvent =
  /** Changes from here on are reported. */
  | { readonly kind: 'started'; readonly folders: number }
  /** Changes before this were lost: look at the files again. */
  | { readonly kind: 'lost' }
  | {
      /**
       * created: it is there now. modified: its content. closed: a program that wrote to it has closed it. attributes: its
       * mode, owner, times, links or extended attributes. removed: it is not there any more.
       */
      readonly kind: 'created' | 'modified' | 'closed' | 'attributes' | 'removed';
      readonly path: string;
      readonly isFolder: boolean;
    }
  | { readonly kind: 'renamed'; readonly oldPath: string; readonly path: string; readonly isFolder: boolean };

type PlainKind = Extract<FileWatchEvent, { readonly isFolder: boolean; readonly oldPath?: never }>['kind'];

const kinds: ReadonlyMap<number, PlainKind> = new Map([
  [FileChangeKind.CREATED, 'created'],
  [FileChangeKind.MODIFIED, 'modified'],
  [FileChangeKind.CLOSED, 'closed'],
  [FileChangeKind.ATTRIBUTES, 'attributes'],
  [FileChangeKind.REMOVED, 'removed'],
]);

/** See GuestFiles.watch. */
export async function* watchFiles(
  agent: AgentClients,
  path: string,
  { signal, recursive = false, noSymlinks = false }: WatchFilesOptions = {},
): AsyncGenerator<FileWatchEvent, void, undefined> {
  // No deadline: it runs until the caller or the folder ends it.
  for await (const { event } of agent.files.watch({ path, recursive, noSymlinks }, callOptions({ signal }))) {
    if (event.case === 'started') yield { kind: 'started', folders: event.value.folders };
    else if (event.case === 'changes') {
      if (event.value.lost) yield { kind: 'lost' };
      for (const change of event.value.changes) yield* eventOf(change);
    }
  }
}

/** Kinds that a newer agent may have are left out. */
function* eventOf({ kind, path, oldPath, isFolder }: FileChange): Generator<FileWatchEvent> {
  if (kind === FileChangeKind.RENAMED) yield { kind: 'renamed', oldPath, path, isFolder };
  else {
    const known = kinds.get(kind);
    if (known !== undefined) yield { kind: known, path, isFolder };
  }
}
