import { formatFileMode } from '@innkeeper/contract';
import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { Checkbox, TextInput } from '@mantine/core';
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
const what = ['read', 'write', 'run'] as const;

/** Mode and owner. Sends what was changed and nothing else. */
export function AccessDialog({ vm, file, onClose, onDone }: AccessDialogProps): JSX.Element {
  const folder = file.kind === FileKind.DIRECTORY;
  const [before] = useState({ user: file.user || `${file.uid}`, group: file.group || `${file.gid}` });
  const [text, setText] = useState(octalMode(file.mode));
  const [user, setUser] = useState(before.user);
  const [group, setGroup] = useState(before.group);
  const [recursive, setRecursive] = useState(false);
  const mode = parseMode(text);
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
      failure="It was not changed as wanted"
      command={commands.length === 0 ? undefined : commands.join(' && ')}
      invalid={mode === undefined || user === '' || group === '' || commands.length === 0}
      onClose={onClose}
      onSubmit={async () => {
        const owner = {
          ...(user === before.user ? {} : { user }),
          ...(group === before.group ? {} : { group }),
        };
        // The owner first: a change of it takes set-user-id bits away, which the mode then sets again.
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
                {each === 'run' && folder ? 'enter' : each}
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
                      aria-label={`${who}: ${each === 'run' && folder ? 'enter' : each}`}
                      checked={((mode ?? 0) & bit) !== 0}
                      disabled={mode === undefined}
                      onChange={() => setText(octalMode((mode ?? 0) ^ bit))}
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
        description={mode === undefined ? 'Three or four digits, 0 to 7' : formatFileMode(file.kind, mode)}
        value={text}
        error={mode === undefined}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className="files-owner">
        <TextInput label="Owner" value={user} onChange={(event) => setUser(event.currentTarget.value)} />
        <TextInput label="Group" value={group} onChange={(event) => setGroup(event.currentTarget.value)} />
      </div>
      {folder && (
        <Checkbox
          label="Everything in the folder too"
          checked={recursive}
          onChange={(event) => setRecursive(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}
