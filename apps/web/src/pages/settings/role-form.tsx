import type { Privilege, Role } from '@innkeeper/contract/control';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';

export interface RoleFormProps {
  /** Undefined: a new one. */
  readonly role: Role | undefined;
  readonly known: readonly Privilege[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** A role's name and privileges. */
export function RoleForm({ role, known, onClose, onDone }: RoleFormProps): JSX.Element {
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [privileges, setPrivileges] = useState<string[]>([...(role?.privileges ?? ['vm.view'])]);
  const save = useMutation({
    mutationFn: () => api.access.setRole({ name, description, privileges }),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Card title={role === undefined ? 'New role' : `Change ${role.name}`} className="settings-narrow">
      <form className="settings-form" onSubmit={submit}>
        {save.error !== null && <ErrorNote title="The role was not saved" error={save.error} />}
        {role === undefined && (
          <TextInput
            label="Name"
            required
            withAsterisk={false}
            autoFocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <TextInput
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Checkbox.Group label="Privileges" value={privileges} onChange={setPrivileges}>
          <div className="settings-privileges">
            {known.map((each) => (
              <Checkbox key={each.name} value={each.name} label={each.name} description={each.description} />
            ))}
          </div>
        </Checkbox.Group>
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
