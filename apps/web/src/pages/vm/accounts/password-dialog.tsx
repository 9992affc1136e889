import { Checkbox, PasswordInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { JSX } from 'react';
import { guest } from '../../../api/guest.ts';
import { showName } from '../../../format/show-name.ts';
import { FormDialog } from '../files/form-dialog.tsx';

/** Sets the password of an account of the guest. It is in no address, log or query. */
export function PasswordDialog({
  vm,
  user,
  command,
  onClose,
}: {
  readonly vm: { readonly id: string };
  readonly user: string;
  readonly command: string;
  readonly onClose: () => void;
}): JSX.Element {
  const form = useForm({ initialValues: { password: '', again: '', expire: false } });
  const { password, again, expire } = form.values;
  return (
    <FormDialog
      title={`Password of ${showName(user)}`}
      action="Set password"
      failure="The password was not set"
      command={command}
      invalid={password === '' || password !== again}
      onClose={onClose}
      onSubmit={async () => {
        await guest.agent(vm.id).accounts.change({ user, password, expire });
      }}
    >
      <PasswordInput label="New password" autoComplete="new-password" {...form.getInputProps('password')} />
      <PasswordInput
        label="Again"
        autoComplete="new-password"
        {...form.getInputProps('again')}
        error={again !== '' && again !== password ? 'They are not the same' : undefined}
      />
      <Checkbox
        label="Must be changed at the next login"
        checked={expire}
        onChange={(event) => form.setFieldValue('expire', event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
