import type { CreateTokenResponse } from '@innkeeper/contract/control';
import { Button, MultiSelect, NumberInput, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { formatFullTime } from '../../format/format-time.ts';
import { accessCommands } from './access-commands.ts';

const defaultDays = 90;
const dayMs = 24 * 3_600_000;

interface TokenValues {
  readonly name: string;
  readonly privileges: string[];
  readonly scope: string;
  readonly allowedCommands: string[];
  readonly lifetimeDays: number;
}

export interface TokenFormProps {
  readonly onClose: () => void;
  readonly onCreated: (created: CreateTokenResponse) => void;
}

/** The form of a new token: privileges, scope and lifetime. A token never has more privileges than its user. */
export function TokenForm({ onClose, onCreated }: TokenFormProps): JSX.Element {
  const { me } = useMe();
  const form = useForm<TokenValues>({
    initialValues: { name: '', privileges: [], scope: '*', allowedCommands: [], lifetimeDays: defaultDays },
    validate: { privileges: (chosen) => (chosen.length === 0 ? 'Choose what the token may do.' : null) },
  });
  const createToken = useMutation({
    mutationFn: (values: TokenValues) => api.access.createToken(values),
    onSuccess: onCreated,
  });
  const own = [
    ...new Set([...(me?.privileges ?? []), ...(me?.scopedPrivileges ?? []).flatMap((each) => each.privileges)]),
  ];
  return (
    <Card title="New token" className="settings-narrow">
      <form className="settings-form" onSubmit={form.onSubmit((values) => createToken.mutate(values))}>
        {createToken.error !== null && <ErrorNote title="The token was not created" error={createToken.error} />}
        <TextInput
          label="Name"
          description="The program that uses it"
          required
          withAsterisk={false}
          autoFocus
          {...form.getInputProps('name')}
        />
        <MultiSelect
          label="Privileges"
          description="What the program needs, and no more"
          data={[...own.sort(), { value: '*', label: 'All your privileges' }]}
          {...form.getInputProps('privileges')}
          clearable
          searchable
        />
        <TextInput
          label="VMs"
          description="* for all, tag:NAME, tag:NAME=VALUE or vm:ID"
          {...form.getInputProps('scope')}
        />
        <TagsInput
          label="Allowed commands"
          description="None: any. Otherwise only commands that start with one of these, and no shell"
          {...form.getInputProps('allowedCommands')}
          splitChars={['\n']}
        />
        <NumberInput
          label="Days until it expires"
          description={`Expires on ${formatFullTime(new Date(Date.now() + form.values.lifetimeDays * dayMs))}`}
          min={1}
          max={3650}
          allowDecimal={false}
          value={form.values.lifetimeDays}
          onChange={(value) => form.setFieldValue('lifetimeDays', Number(value) || defaultDays)}
        />
        <InnCommand command={accessCommands.createToken(form.values)} />
        <div className="row">
          <Button type="submit" loading={createToken.isPending}>
            Create token
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Card>
  );
}
