import { Button, PasswordInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { meKey, useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { showToast } from '../../components/toasts.tsx';
import { accessCommands } from './access-commands.ts';

const minimum = 10;

/** Sets the user's password, which ends all their other sessions. */
export function PasswordSection(): JSX.Element {
  const { me } = useMe();
  const form = useForm({ initialValues: { current: '', wanted: '', again: '' }, validate: problemsOf });
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: ({ current, wanted }: PasswordValues) =>
      api.access.changePassword({ currentPassword: current, newPassword: wanted }),
    onSuccess: () => {
      showToast({ id: 'password', tone: 'ok', title: 'Password changed', body: 'Your other sessions were ended.' });
      form.reset();
      void client.invalidateQueries({ queryKey: meKey });
    },
  });
  // Validated on every change, since the two fields depend on each other.
  const problems = problemsOf(form.values);
  return (
    <Card title="My password" className="settings-narrow">
      <form className="settings-form" onSubmit={form.onSubmit((values) => change.mutate(values))}>
        {me?.passwordNeeded === true && (
          <p className="dim">You have no password yet. Set one to log in without a link.</p>
        )}
        {change.error !== null && <ErrorNote title="The password was not changed" error={change.error} />}
        <input type="text" name="username" autoComplete="username" value={me?.user ?? ''} readOnly hidden />
        {me?.passwordNeeded !== true && (
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            {...form.getInputProps('current')}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
        )}
        <PasswordInput
          label="New password"
          description={`At least ${minimum} characters`}
          autoComplete="new-password"
          required
          withAsterisk={false}
          {...form.getInputProps('wanted')}
          error={problems.wanted}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <PasswordInput
          label="Repeat new password"
          autoComplete="new-password"
          required
          withAsterisk={false}
          {...form.getInputProps('again')}
          error={problems.again}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <InnCommand command={accessCommands.changePassword()} />
        <Button type="submit" loading={change.isPending}>
          Set password
        </Button>
      </form>
    </Card>
  );
}

interface PasswordValues {
  readonly current: string;
  readonly wanted: string;
  readonly again: string;
}

/** Empty fields are not reported; the browser requires them. */
function problemsOf({ wanted, again }: PasswordValues): {
  readonly wanted: string | null;
  readonly again: string | null;
} {
  const isShort = wanted !== '' && new TextEncoder().encode(wanted).length < minimum;
  return {
    wanted: isShort ? `At least ${minimum} characters.` : null,
    again: again !== '' && again !== wanted ? 'The passwords do not match.' : null,
  };
}
