import { formatFileMode } from '@innkeeper/contract';
import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { Checkbox, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { type JSX, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { showName } from '../../../format/show-name.ts';
import { fileCommands } from './file-commands.ts';
import { baseName } from './file-path.ts';
import { FormDialog } from './form-dialog.tsx';
import { octalMode, parseMode } from './format-mode.ts';

export interface AccessDialogProps {
  readonly vm: { readonly id: string; readonly name: string };
  readonly file: FileInfo;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

const whose = ['Owner', 'Group', 'Others'] as const;
const what = ['read', 'write', 'execute'] as const;

/** Changes mode and owner. Sends only what was changed. */
export function AccessDialog({ vm, file, onClose, onDone }: AccessDialogProps): JSX.Element {
  const folder = file.kind === FileKind.DIRECTORY;
  const [before] = useState({ user: file.user || `${file.uid}`, group: file.group || `${file.gid}` });
  const form = useForm({ initialValues: { ...before, mode: octalMode(file.mode), recursive: false } });
  const { user, group, recursive } = form.values;
  const mode = parseMode(form.values.mode);
  const changedMode = mode !== undefined && (mode !== file.mode || recursive);
  const changedOwner = user !== before.user || group !== before.group;
  const { path } = file;
  const commands = [
    ...(changedMode ? [fileCommands.setMode(vm.name, path, mode, recursive)] : []),
    ...(changedOwner ? [fileCommands.setOwner(vm.name, path, `${user}:${group}`, recursive)] : []),
  ];
  return (
    <FormDialog
      title={`Mode and owner of ${showName(baseName(path))}`}
      action="Change"
      failure="Mode or owner was not changed"
      command={commands.length === 0 ? undefined : commands.join(' && ')}
      invalid={mode === undefined || user === '' || group === '' || commands.length === 0}
      onClose={onClose}
      onSubmit={async () => {
        const owner = {
          ...(user === before.user ? {} : { user }),
          ...(group === before.group ? {} : { group }),
        };
        // Owner first: changing it clears the set-user-id bits, which changing the mode then restores.
        if (changedOwner) await guest.files.chown(vm.id, path, owner, { recursive });
        if (changedMode) await guest.files.chmod(vm.id, path, mode, { recursive });
        onDone();
      }}
    >
      <table className="files-bits">
        <thead>
          <tr>
            <td />
            {what.map((each) => (
              <th key={each} scope="col">
                {each === 'execute' && folder ? 'enter' : each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {whose.map((who, row) => (
            <tr key={who}>
              <th scope="row">{who}</th>
              {what.map((each, column) => {
                const bit = 1 << (8 - row * 3 - column);
                return (
                  <td key={each}>
                    <Checkbox
                      aria-label={`${who}: ${each === 'execute' && folder ? 'enter' : each}`}
                      checked={((mode ?? 0) & bit) !== 0}
                      disabled={mode === undefined}
                      onChange={() => form.setFieldValue('mode', octalMode((mode ?? 0) ^ bit))}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <TextInput
        label="Mode"
        description={mode === undefined ? 'Three or four octal digits' : formatFileMode(file.kind, mode)}
        {...form.getInputProps('mode')}
        error={mode === undefined}
      />
      <div className="files-owner">
        <TextInput label="Owner" {...form.getInputProps('user')} />
        <TextInput label="Group" {...form.getInputProps('group')} />
      </div>
      {folder && (
        <Checkbox
          label="Apply to everything in the folder"
          {...form.getInputProps('recursive', { type: 'checkbox' })}
        />
      )}
    </FormDialog>
  );
}
