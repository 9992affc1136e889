import type { CreateTokenResponse } from '@innkeeper/contract/control';
import { Button, MultiSelect, NumberInput, TagsInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';

export interface TokenFormProps {
  readonly onClose: () => void;
  readonly onMade: (made: CreateTokenResponse) => void;
}

/** A new token: what it may, where and how long. Never more than its user. */
export function TokenForm({ onClose, onMade }: TokenFormProps): JSX.Element {
  const { me } = useMe();
  const [name, setName] = useState('');
  const [privileges, setPrivileges] = useState<string[]>([]);
  const [scope, setScope] = useState('*');
  const [commands, setCommands] = useState<string[]>([]);
  const [days, setDays] = useState(90);
  const make = useMutation({
    mutationFn: () =>
      api.access.createToken({ name, privileges, scope, allowedCommands: commands, lifetimeDays: days }),
    onSuccess: onMade,
  });
  const own = [
    ...new Set([...(me?.privileges ?? []), ...(me?.scopedPrivileges ?? []).flatMap((each) => each.privileges)]),
  ];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Card title="New token" className="settings-narrow">
      <form className="settings-form" onSubmit={submit}>
        {make.error !== null && <ErrorNote title="The token was not made" error={make.error} />}
        <TextInput
          label="Name"
          description="What uses it"
          required
          withAsterisk={false}
          autoFocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <MultiSelect
          label="Privileges"
          description="None chosen: all that you may"
          data={own.sort()}
          value={privileges}
          onChange={setPrivileges}
          clearable
          searchable
        />
        <TextInput
          label="VMs"
          description="* for all, tag:NAME, tag:NAME=VALUE or vm:ID"
          value={scope}
          onChange={(event) => setScope(event.currentTarget.value)}
        />
        <TagsInput
          label="Allowed commands"
          description="None: any. Else it may only run what begins with one of these, and no shell"
          value={commands}
          onChange={setCommands}
          splitChars={['\n']}
        />
        <NumberInput
          label="Days until it ends"
          min={1}
          max={3650}
          allowDecimal={false}
          value={days}
          onChange={(value) => setDays(Number(value) || 90)}
        />
        <div className="row">
          <Button type="submit" loading={make.isPending}>
            Make the token
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Card>
  );
}
