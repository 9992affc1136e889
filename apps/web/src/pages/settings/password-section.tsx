import { Button, PasswordInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { meKey, useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { showToast } from '../../components/toasts.tsx';

const minimum = 10;

/** The user's own password; setting it ends all their other sessions. */
export function PasswordSection(): JSX.Element {
  const { me } = useMe();
  const form = useForm({ initialValues: { current: '', wanted: '', again: '' }, validate: problemsOf });
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: ({ current, wanted }: PasswordValues) =>
      api.access.changePassword({ currentPassword: current, newPassword: wanted }),
    onSuccess: () => {
      showToast({ id: 'password', tone: 'ok', title: 'Your password is set', body: 'Your other sessions were ended.' });
      form.reset();
      void client.invalidateQueries({ queryKey: meKey });
    },
  });
  // Of what is typed now: the two fields depend on each other.
  const problems = problemsOf(form.values);
  return (
    <Card title="My password" className="settings-narrow">
      <form className="settings-form" onSubmit={form.onSubmit((values) => change.mutate(values))}>
        {me?.passwordNeeded === true && (
          <p className="dim">You have no password yet. With one you can log in without a link.</p>
        )}
        {change.error !== null && <ErrorNote title="The password was not set" error={change.error} />}
        <input type="text" name="username" autoComplete="username" value={me?.user ?? ''} readOnly hidden />
        {me?.passwordNeeded !== true && (
          <PasswordInput
            label="Password now"
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
          label="New password again"
          autoComplete="new-password"
          required
          withAsterisk={false}
          {...form.getInputProps('again')}
          error={problems.again}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" loading={change.isPending}>
          Set the password
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

/** Fields that are still empty are not wrong; the browser asks for them. */
function problemsOf({ wanted, again }: PasswordValues): {
  readonly wanted: string | null;
  readonly again: string | null;
} {
  const isShort = wanted !== '' && new TextEncoder().encode(wanted).length < minimum;
  return {
    wanted: isShort ? `At least ${minimum} characters.` : null,
    again: again !== '' && again !== wanted ? 'The two differ.' : null,
  };
}
