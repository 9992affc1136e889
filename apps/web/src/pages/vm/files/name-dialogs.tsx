import type { FileInfo } from '@innkeeper/contract/agent';
import { TextInput } from '@mantine/core';
import { type JSX, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { showName } from '../../../format/show-name.ts';
import { fileCommands } from './file-commands.ts';
import { baseName, joinPath, nameProblem, parentPath, resolvePath } from './file-path.ts';
import { FormDialog } from './form-dialog.tsx';

interface DialogProps {
  readonly vm: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Makes a folder. */
export function NewFolderDialog({
  vm,
  folder,
  onClose,
  onDone,
}: DialogProps & { readonly folder: string }): JSX.Element {
  const [name, setName] = useState('');
  const problem = nameProblem(name);
  const path = joinPath(folder, name);
  return (
    <FormDialog
      title="New folder"
      action="Make it"
      failure="The folder was not made"
      command={problem === undefined ? fileCommands.makeFolder(vm.name, path) : undefined}
      invalid={problem !== undefined}
      onClose={onClose}
      onSubmit={async () => {
        await guest.files.mkdir(vm.id, path);
        onDone();
      }}
    >
      <TextInput
        label="Name"
        description={`In ${showName(folder)}`}
        autoFocus
        autoComplete="off"
        value={name}
        error={name === '' ? undefined : problem}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </FormDialog>
  );
}

/** Gives a file another name, or another place on its file system. Never replaces what is there. */
export function RenameDialog({ vm, file, onClose, onDone }: DialogProps & { readonly file: FileInfo }): JSX.Element {
  const folder = parentPath(file.path);
  const [typed, setTyped] = useState(baseName(file.path));
  const to = resolvePath(folder, typed);
  const same = to === file.path || typed.trim() === '';
  return (
    <FormDialog
      title={`Rename ${showName(baseName(file.path))}`}
      action="Rename"
      failure="It was not renamed"
      command={same ? undefined : fileCommands.rename(vm.name, file.path, to)}
      invalid={same}
      onClose={onClose}
      onSubmit={async () => {
        await guest.files.rename(vm.id, file.path, to);
        onDone();
      }}
    >
      <TextInput
        label="New name or path"
        description={`From ${showName(folder)}`}
        autoFocus
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
