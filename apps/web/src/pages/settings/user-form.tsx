import type { User } from '@innkeeper/contract/control';
import { Button, PasswordInput, Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { accessCommands } from './access-commands.ts';

interface UserValues {
  readonly name: string;
  readonly password: string;
  readonly roles: readonly { readonly role: string; readonly scope: string }[];
}

const newBinding = { role: 'viewer', scope: '*' };

export interface UserFormProps {
  /** The user to change; undefined: a new user. */
  readonly user: User | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The form of a user: name, roles and password. */
export function UserForm({ user, onClose, onDone }: UserFormProps): JSX.Element {
  const form = useForm<UserValues>({
    initialValues: {
      name: user?.name ?? '',
      password: '',
      roles: (user?.roles ?? [newBinding]).map(({ role, scope }) => ({ role, scope })),
    },
  });
  const known = useQuery({
    queryKey: ['roles'],
    queryFn: ({ signal }) => api.access.listRoles({ pageSize: 1000 }, { signal }),
  });
  const save = useMutation({
    mutationFn: ({ name, password, roles }: UserValues) => {
      if (user === undefined) return api.access.createUser({ name, roles: [...roles], password });
      const changed = password === '' ? {} : { password };
      return api.access.updateUser({ name, setRoles: true, roles: [...roles], ...changed });
    },
    onSuccess: onDone,
  });
  const { name, roles, password } = form.values;
  const command = (user === undefined ? accessCommands.createUser : accessCommands.changeUser)(
    name,
    roles,
    password !== '',
  );
  return (
    <Card title={user === undefined ? 'New user' : `Change ${user.name}`} className="settings-narrow">
      <form className="settings-form" onSubmit={form.onSubmit((values) => save.mutate(values))}>
        {save.error !== null && <ErrorNote title="The user was not saved" error={save.error} />}
        {user === undefined && (
          <TextInput
            label="Name"
            description="a-z, 0-9, “.”, “_” and “-”; starts with a letter"
            required
            withAsterisk={false}
            autoFocus
            autoComplete="off"
            autoCapitalize="none"
            {...form.getInputProps('name')}
          />
        )}
        <fieldset className="settings-roles">
          <legend>Roles</legend>
          {form.values.roles.map((_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is identified by its position
            <div key={index} className="row">
              <Select
                aria-label={`Role ${index + 1}`}
                data={(known.data?.roles ?? []).map((each) => each.name)}
                allowDeselect={false}
                {...form.getInputProps(`roles.${index}.role`)}
              />
              <span className="dim">on</span>
              <TextInput
                className="grow"
                aria-label={`VMs of role ${index + 1}`}
                placeholder="*, tag:NAME=VALUE, vm:ID"
                {...form.getInputProps(`roles.${index}.scope`)}
              />
              <button
                type="button"
                className="icon-button small"
                aria-label={`Remove role ${index + 1}`}
                onClick={() => form.removeListItem('roles', index)}
              >
                <Icon name="remove" size={14} />
              </button>
            </div>
          ))}
          <Button
            variant="subtle"
            size="xs"
            onClick={() => form.insertListItem('roles', newBinding)}
            leftSection={<Icon name="plus" size={14} />}
          >
            Add a role
          </Button>
        </fieldset>
        <PasswordInput
          label={user === undefined ? 'Password' : 'New password'}
          description={user === undefined ? 'Empty: the user logs in by link and sets one' : 'Empty: unchanged'}
          autoComplete="new-password"
          {...form.getInputProps('password')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <InnCommand command={command} />
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
