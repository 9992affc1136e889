import type { FileInfo } from '@innkeeper/contract/agent';
import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { JSX } from 'react';
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

/** Creates a folder. */
export function NewFolderDialog({
  vm,
  folder,
  onClose,
  onDone,
}: DialogProps & { readonly folder: string }): JSX.Element {
  const form = useForm({ initialValues: { name: '' } });
  const { name } = form.values;
  const problem = nameProblem(name);
  const path = joinPath(folder, name);
  return (
    <FormDialog
      title="New folder"
      action="Create"
      failure="The folder was not created"
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
        {...form.getInputProps('name')}
        error={name === '' ? undefined : problem}
      />
    </FormDialog>
  );
}

/** Renames a file or moves it within its file system. Never replaces an existing file. */
export function RenameDialog({ vm, file, onClose, onDone }: DialogProps & { readonly file: FileInfo }): JSX.Element {
  const folder = parentPath(file.path);
  const form = useForm({ initialValues: { name: baseName(file.path) } });
  const to = resolvePath(folder, form.values.name);
  const same = to === file.path || form.values.name.trim() === '';
  return (
    <FormDialog
      title={`Rename ${showName(baseName(file.path))}`}
      action="Rename"
      failure="The file was not renamed"
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
        {...form.getInputProps('name')}
      />
    </FormDialog>
  );
}
