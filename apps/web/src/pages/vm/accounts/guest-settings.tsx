import type { SystemSettings } from '@innkeeper/contract/agent';
import type { Vm } from '@innkeeper/contract/control';
import { Button, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { Card } from '../../../components/card.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { Fields } from '../../../components/fields.tsx';
import { showName } from '../../../format/show-name.ts';
import { FormDialog } from '../files/form-dialog.tsx';

/** The guest's host name, machine id, SSH host keys, time zone and locale, as the guest has them now. */
export function GuestSettings({ vm }: { readonly vm: Vm }): JSX.Element {
  const [isEditing, setIsEditing] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['guest-settings', vm.id],
    queryFn: ({ signal }) => guest.agent(vm.id).system.getSettings({}, { signal }),
  });
  const text = (value: string | undefined): string | undefined => (value ? showName(value) : undefined);
  return (
    <Card
      title="Names and region"
      aside={
        <Button size="xs" variant="default" disabled={data === undefined} onClick={() => setIsEditing(true)}>
          Change
        </Button>
      }
    >
      {error !== null && <ErrorNote title="The settings could not be read" error={error} />}
      <Fields
        entries={{
          'Host name': text(data?.hostname),
          'Machine id': text(data?.machineId),
          'Time zone': text(data?.timeZone),
          Locale: text(data?.locale),
          'SSH host keys': data?.hostKeys.length
            ? data.hostKeys.map((key) => key.split(' ', 1)[0]).join(', ')
            : undefined,
        }}
      />
      {isEditing && data !== undefined && (
        <SettingsDialog
          vm={vm}
          before={data}
          onClose={() => {
            setIsEditing(false);
            void refetch();
          }}
        />
      )}
    </Card>
  );
}

function SettingsDialog({
  vm,
  before,
  onClose,
}: {
  readonly vm: Vm;
  readonly before: SystemSettings;
  readonly onClose: () => void;
}): JSX.Element {
  const { hostname, timeZone, locale } = before;
  const form = useForm({ initialValues: { hostname, timeZone, locale } });
  const changed = Object.fromEntries(
    Object.entries(form.values).filter(([name, value]) => value !== before[name as 'hostname']),
  );
  return (
    <FormDialog
      title="Names and region"
      action="Save"
      failure="The settings were not changed"
      command={`inn guest set ${vm.name} --hostname ${form.values.hostname || 'NAME'}`}
      invalid={Object.keys(changed).length === 0}
      onClose={onClose}
      onSubmit={async () => {
        await guest.agent(vm.id).system.changeSettings(changed);
      }}
    >
      <TextInput label="Host name" autoComplete="off" {...form.getInputProps('hostname')} />
      <TextInput label="Time zone" placeholder="Europe/Vienna" autoComplete="off" {...form.getInputProps('timeZone')} />
      <TextInput label="Locale" placeholder="de_AT.UTF-8" autoComplete="off" {...form.getInputProps('locale')} />
    </FormDialog>
  );
}
