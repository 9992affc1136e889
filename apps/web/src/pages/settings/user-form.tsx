import type { User } from '@innkeeper/contract/control';
import { Button, PasswordInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';

interface Binding {
  readonly role: string;
  readonly scope: string;
}

export interface UserFormProps {
  /** Undefined: a new one. */
  readonly user: User | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** A user's name, roles and password. */
export function UserForm({ user, onClose, onDone }: UserFormProps): JSX.Element {
  const [name, setName] = useState(user?.name ?? '');
  const [password, setPassword] = useState('');
  const [roles, setRoles] = useState<readonly Binding[]>(user?.roles ?? [{ role: 'viewer', scope: '*' }]);
  const known = useQuery({ queryKey: ['roles'], queryFn: ({ signal }) => api.access.listRoles({}, { signal }) });
  const save = useMutation({
    mutationFn: () => {
      const bindings = roles.map(({ role, scope }) => ({ role, scope }));
      if (user === undefined) return api.access.createUser({ name, roles: bindings, password });
      const changed = password === '' ? {} : { password };
      return api.access.updateUser({ name, setRoles: true, roles: bindings, ...changed });
    },
    onSuccess: onDone,
  });
  const change = (index: number, part: Partial<Binding>): void =>
    setRoles(roles.map((each, at) => (at === index ? { ...each, ...part } : each)));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Card title={user === undefined ? 'New user' : `Change ${user.name}`} className="settings-narrow">
      <form className="settings-form" onSubmit={submit}>
        {save.error !== null && <ErrorNote title="The user was not saved" error={save.error} />}
        {user === undefined && (
          <TextInput
            label="Name"
            description="a-z, 0-9, “.”, “_” and “-”, first a letter"
            required
            withAsterisk={false}
            autoFocus
            autoComplete="off"
            autoCapitalize="none"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <fieldset className="settings-roles">
          <legend>Roles</legend>
          {roles.map(({ role, scope }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
            <div key={index} className="row">
              <Select
                aria-label={`Role ${index + 1}`}
                data={(known.data?.roles ?? []).map((each) => each.name)}
                value={role}
                allowDeselect={false}
                onChange={(value) => value !== null && change(index, { role: value })}
              />
              <span className="dim">on</span>
              <TextInput
                className="grow"
                aria-label={`VMs of role ${index + 1}`}
                placeholder="*, tag:NAME=VALUE, vm:ID"
                value={scope}
                onChange={(event) => change(index, { scope: event.currentTarget.value })}
              />
              <button
                type="button"
                className="icon-button small"
                aria-label={`Take role ${index + 1} away`}
                onClick={() => setRoles(roles.filter((_, at) => at !== index))}
              >
                <Icon name="close" size={14} />
              </button>
            </div>
          ))}
          <Button
            variant="subtle"
            size="xs"
            onClick={() => setRoles([...roles, { role: 'viewer', scope: '*' }])}
            leftSection={<Icon name="plus" size={14} />}
          >
            Another role
          </Button>
        </fieldset>
        <PasswordInput
          label={user === undefined ? 'Password' : 'New password'}
          description={user === undefined ? 'None: they log in by a link and set one' : 'Empty: it stays'}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
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
