import { type JSX, useCallback } from 'react';
import { useNavigate } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { useConfirm } from '../../components/use-confirm.tsx';
import { vmPath } from '../../components/vm-path.ts';
import { useParameters } from '../use-parameters.ts';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { type FileOrder, fileOrderOf } from './files/file-order.ts';
import { parentPath, resolvePath } from './files/file-path.ts';
import { FileView } from './files/file-view.tsx';
import { FolderView } from './files/folder-view.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import type { VmTabProps } from './vm-tab.ts';

const defaultFolder = '/root';

/** The guest's files. Folder, sort order and open file are in the address. */
export function FilesTab({ vm }: VmTabProps): JSX.Element {
  const { me } = useMe();
  const [parameters, change] = useParameters();
  const navigate = useNavigate();
  const { ask, dialog } = useConfirm();
  const path = resolvePath('/', parameters.get('path') ?? defaultFolder);
  const file = parameters.get('file');
  const order = fileOrderOf(parameters);
  const { name } = vm;
  const addressOf = useCallback(
    (folder: string, opened?: string) => {
      const next = new URLSearchParams(parameters);
      next.set('path', folder);
      if (opened === undefined) next.delete('file');
      else next.set('file', opened);
      return `${vmPath(name, 'files')}?${next}`;
    },
    [parameters, name],
  );
  const onOpen = useCallback(
    (opened: string, replace: boolean) => void navigate(addressOf(parentPath(opened), opened), { replace }),
    [navigate, addressOf],
  );
  const opened = file === null ? path : resolvePath('/', file);
  const onFolder = useCallback(
    () => void navigate(addressOf(opened), { replace: true }),
    [navigate, addressOf, opened],
  );
  const onOrder = ({ key, descending, hidden }: FileOrder): void =>
    change({ sort: `${descending ? '-' : ''}${key}`, hidden: hidden ? '1' : undefined });
  const whyReadOnly = (): string | undefined => {
    if (lacksCapability(vm, 'file.write')) return 'The agent of this guest lacks the capability file.write';
    return hasPrivilege(me, 'guest.file.write', vm) ? undefined : 'You lack the privilege guest.file.write on this VM';
  };
  if (isGuestUnavailable(vm)) return <GuestUnavailable vm={vm} feature="Access to files" />;
  if (lacksCapability(vm, 'file.read')) return <CapabilityMissing vm={vm} name="file.read" feature="Files" />;
  const readOnly = whyReadOnly();
  return (
    <>
      {file === null ? (
        <FolderView
          key={path}
          vm={vm}
          path={path}
          order={order}
          readOnly={readOnly}
          ask={ask}
          addressOf={addressOf}
          onOpen={onOpen}
          onOrder={onOrder}
          onGo={(folder) => void navigate(addressOf(folder))}
        />
      ) : (
        <FileView
          key={file}
          vm={vm}
          readOnly={readOnly}
          ask={ask}
          path={resolvePath('/', file)}
          onClose={() => void navigate(addressOf(path))}
          onFolder={onFolder}
        />
      )}
      {dialog}
    </>
  );
}
