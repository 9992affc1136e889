import type { Privilege, Role } from '@innkeeper/contract/control';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { accessCommands } from './access-commands.ts';

export interface RoleFormProps {
  /** The role to change; undefined: a new role. */
  readonly role: Role | undefined;
  readonly known: readonly Privilege[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The form of a role: name, description and privileges. */
export function RoleForm({ role, known, onClose, onDone }: RoleFormProps): JSX.Element {
  const form = useForm({
    initialValues: {
      name: role?.name ?? '',
      description: role?.description ?? '',
      privileges: [...(role?.privileges ?? ['vm.view'])],
    },
  });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => api.access.setRole(values),
    onSuccess: onDone,
  });
  return (
    <Card title={role === undefined ? 'New role' : `Change ${role.name}`} className="settings-narrow">
      <form className="settings-form" onSubmit={form.onSubmit((values) => save.mutate(values))}>
        {save.error !== null && <ErrorNote title="The role was not saved" error={save.error} />}
        {role === undefined && (
          <TextInput label="Name" required withAsterisk={false} autoFocus {...form.getInputProps('name')} />
        )}
        <TextInput label="Description" {...form.getInputProps('description')} />
        <Checkbox.Group label="Privileges" {...form.getInputProps('privileges')}>
          <div className="settings-privileges">
            {known.map((each) => (
              <Checkbox key={each.name} value={each.name} label={each.name} description={each.description} />
            ))}
          </div>
        </Checkbox.Group>
        <InnCommand
          command={accessCommands.setRole(form.values.name, form.values.privileges, form.values.description)}
        />
        <div className="row">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Card>
  );
}
