import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { type JSX, useEffect, useId, useRef } from 'react';
import { InnCommand } from '../../../components/inn-command.tsx';
import { showName } from '../../../format/show-name.ts';
import { AccessDialog } from './access-dialog.tsx';
import { commandsOf } from './file-commands.ts';
import { baseName } from './file-path.ts';
import { NewFolderDialog, RenameDialog } from './name-dialogs.tsx';

/** The open dialog and its target. */
export type OpenDialog =
  | { readonly kind: 'new-folder'; readonly folder: string }
  | { readonly kind: 'rename' | 'access' | 'commands'; readonly file: FileInfo };

export interface FileDialogsProps {
  readonly open: OpenDialog | undefined;
  readonly vm: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
  /** Called when something was changed in the guest. */
  readonly onDone: () => void;
}

/** Renders the open dialog, if any. */
export function FileDialogs({ open, ...rest }: FileDialogsProps): JSX.Element | null {
  if (open === undefined) return null;
  if (open.kind === 'new-folder') return <NewFolderDialog folder={open.folder} {...rest} />;
  if (open.kind === 'rename') return <RenameDialog file={open.file} {...rest} />;
  if (open.kind === 'access') return <AccessDialog file={open.file} {...rest} />;
  return <CommandsDialog file={open.file} vm={rest.vm.name} onClose={rest.onClose} />;
}

function CommandsDialog(props: {
  readonly file: FileInfo;
  readonly vm: string;
  readonly onClose: () => void;
}): JSX.Element {
  const { file, vm, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby={id} onClose={onClose}>
      <form method="dialog">
        <h2 id={id}>{showName(baseName(file.path))} on the command line</h2>
        <dl className="commands">
          {commandsOf(vm, file.path, file.kind === FileKind.DIRECTORY).map(({ label, command }) => (
            <div key={label}>
              <dt className="dim">{label}</dt>
              <dd>
                <InnCommand command={command} />
              </dd>
            </div>
          ))}
        </dl>
        <div className="row confirm-buttons">
          <button type="submit" className="files-close">
            Close
          </button>
        </div>
      </form>
    </dialog>
  );
}
