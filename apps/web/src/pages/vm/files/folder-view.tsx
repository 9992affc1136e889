import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import { Button } from '@mantine/core';
import { useCallbackRef } from '@mantine/hooks';
import { type JSX, useEffect, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { showToast } from '../../../components/toasts.tsx';
import type { Confirm } from '../../../components/use-confirm.tsx';
import { showName } from '../../../format/show-name.ts';
import { Breadcrumbs } from './breadcrumbs.tsx';
import { DropZone } from './drop-zone.tsx';
import { existingFiles } from './existing-files.ts';
import { fileCommands } from './file-commands.ts';
import { FileDialogs, type OpenDialog } from './file-dialogs.tsx';
import type { FileAction } from './file-menu.tsx';
import type { FileOrder } from './file-order.ts';
import { baseName, joinPath } from './file-path.ts';
import { FileTable } from './file-table.tsx';
import { FilesTools } from './files-tools.tsx';
import { UploadList } from './upload-list.tsx';
import { useDirectory } from './use-directory.ts';
import { useFolderNews } from './use-folder-news.ts';
import { useFolderWatch } from './use-folder-watch.ts';
import { useUploads } from './use-uploads.ts';

export interface FolderViewProps {
  readonly vm: { readonly id: string; readonly name: string };
  readonly path: string;
  readonly order: FileOrder;
  readonly readOnly: string | undefined;
  readonly ask: Confirm['ask'];
  readonly addressOf: (path: string) => string;
  readonly onGo: (path: string) => void;
  readonly onOpen: (path: string, replace: boolean) => void;
  readonly onOrder: (order: FileOrder) => void;
}

/** A folder in the guest, with actions on it and its entries. */
export function FolderView(props: FolderViewProps): JSX.Element {
  const { vm, path, order, readOnly, ask, addressOf, onGo, onOpen, onOrder } = props;
  const [dialog, setDialog] = useState<OpenDialog>();
  const { entries, total, error, loading, loadMore, refetch } = useDirectory(vm.id, path, order, true);
  const isWatched = useFolderWatch(vm.id, path, refetch);
  const news = useFolderNews(entries, isWatched, `${order.key} ${order.descending} ${order.hidden}`);
  const { queue, uploads } = useUploads(vm.id, () => void refetch());
  const isFile = isOperationError(error) && error.reason === 'FILE_NOT_DIRECTORY';
  useEffect(() => {
    // The path typed or the link followed is a file.
    if (isFile) onOpen(path, true);
  }, [isFile, path, onOpen]);

  const upload = async (files: readonly File[]): Promise<void> => {
    const wanted = files.map((file) => ({ path: joinPath(path, file.name), file }));
    try {
      const there = await existingFiles(
        vm.id,
        wanted.map((each) => each.path),
      );
      if (there.length > 0 && !(await ask(replaceQuestion(there)))) return;
      const taken = queue.add(wanted);
      if (taken < wanted.length)
        showToast({
          id: 'uploads',
          tone: 'bad',
          title: `${wanted.length - taken} files were skipped`,
          body: 'At most 500 files can be uploaded at once.',
        });
    } catch (why) {
      showToast({ id: 'uploads', tone: 'bad', title: `Nothing was uploaded to ${vm.name}`, error: why });
    }
  };
  const remove = async (file: FileInfo): Promise<void> => {
    const folder = file.kind === FileKind.DIRECTORY;
    const name = showName(baseName(file.path));
    const body = folder ? (
      <p>
        The folder <strong>and everything in it</strong> will be deleted in the guest. This cannot be undone.
      </p>
    ) : (
      <p>The file will be deleted in the guest. This cannot be undone.</p>
    );
    const command = fileCommands.remove(vm.name, file.path, folder);
    if (!(await ask({ title: `Delete ${name}?`, body, confirm: 'Delete', danger: true, command }))) return;
    try {
      const removed = await guest.files.remove(vm.id, file.path, { recursive: folder });
      const count = removed > 1 ? `${removed} files and folders` : undefined;
      showToast({ id: `remove ${file.path}`, tone: 'ok', title: `${name} deleted`, body: count });
    } catch (why) {
      showToast({ id: `remove ${file.path}`, tone: 'bad', title: `${name} was not deleted`, error: why });
    }
    void refetch();
  };
  const act = useCallbackRef((action: FileAction, file: FileInfo): void => {
    if (action === 'edit') onOpen(file.path, false);
    else if (action === 'remove') void remove(file);
    else setDialog({ kind: action, file });
  });
  return (
    <>
      <div className="files-head">
        <Breadcrumbs path={path} addressOf={addressOf} onGo={onGo} />
        <FilesTools
          hidden={order.hidden}
          onHidden={(hidden) => onOrder({ ...order, hidden })}
          onRefresh={() => void refetch()}
          onUpload={(files) => void upload(files)}
          onNewFolder={() => setDialog({ kind: 'new-folder', folder: path })}
          tarAddress={guest.files.tarUrl(vm.id, path)}
          tarName={`${baseName(path) || vm.name}.tar`}
          readOnly={readOnly}
          commands={[
            { label: 'List', command: fileCommands.list(vm.name, path, order) },
            { label: 'Upload', command: fileCommands.upload(vm.name, path) },
            { label: 'Tar', command: fileCommands.downloadFolder(vm.name, path) },
          ]}
        />
      </div>
      <span className="visually-hidden" role="status" aria-label="Changes of the folder">
        {news}
      </span>
      <UploadList queue={queue} uploads={uploads} />
      {error !== null && !isFile && (
        <ErrorNote title={`${showName(path)} could not be listed`} error={error} onRetry={() => void refetch()} />
      )}
      <DropZone
        disabled={readOnly !== undefined || error !== null}
        hint={`Upload to ${showName(path)}`}
        onFiles={(files) => void upload(files)}
      >
        {entries !== undefined && error === null && (
          <div className="card files-card" aria-busy={loading}>
            {entries.length === 0 ? (
              <EmptyState title="This folder is empty" command={fileCommands.upload(vm.name, path)}>
                {order.hidden ? '' : 'It may contain hidden files. '}
                {readOnly === undefined ? 'Drop files here, or choose Upload.' : readOnly}
              </EmptyState>
            ) : (
              <>
                <FileTable
                  entries={entries}
                  order={order}
                  addressOf={addressOf}
                  readOnly={readOnly}
                  vm={vm.id}
                  folder={path}
                  onAction={act}
                  onOrder={(key) =>
                    onOrder({ ...order, key, descending: key === order.key ? !order.descending : key !== 'name' })
                  }
                />
                <div className="row files-foot">
                  <span className="dim number" role="status">
                    {entries.length < total
                      ? `${entries.length} of ${total.toLocaleString()}`
                      : `${total} ${total === 1 ? 'entry' : 'entries'}`}
                  </span>
                  {isWatched && (
                    <span className="dim" data-hint="Changes in the guest appear by themselves">
                      Live
                    </span>
                  )}
                  {loadMore !== undefined && (
                    <Button size="compact-sm" variant="default" loading={loading} onClick={loadMore}>
                      Load more
                    </Button>
                  )}
                </div>
              </>
            )}
          </div>
        )}
      </DropZone>
      <FileDialogs open={dialog} vm={vm} onClose={() => setDialog(undefined)} onDone={() => void refetch()} />
    </>
  );
}

function replaceQuestion(there: readonly string[]): Parameters<Confirm['ask']>[0] {
  const names = there.map((path) => showName(baseName(path)));
  return {
    title: names.length === 1 ? `Replace ${names[0]}?` : `Replace ${names.length} files?`,
    body: (
      <p>
        {names.length === 1
          ? 'A file with this name already exists.'
          : `These already exist: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ' and others' : ''}.`}{' '}
        Each is replaced once its upload is complete.
      </p>
    ),
    confirm: 'Replace',
    danger: true,
  };
}
