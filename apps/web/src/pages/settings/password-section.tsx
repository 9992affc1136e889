import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { meKey, useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { showToast } from '../../components/toasts.tsx';

const minimum = 10;

/** The user's own password; setting it ends all their other sessions. */
export function PasswordSection(): JSX.Element {
  const { me } = useMe();
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const [again, setAgain] = useState('');
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () => api.access.changePassword({ currentPassword: current, newPassword: wanted }),
    onSuccess: () => {
      showToast({ id: 'password', tone: 'ok', title: 'Your password is set', body: 'Your other sessions were ended.' });
      for (const clear of [setCurrent, setWanted, setAgain]) clear('');
      void client.invalidateQueries({ queryKey: meKey });
    },
  });
  const short = wanted !== '' && new TextEncoder().encode(wanted).length < minimum;
  const different = again !== '' && again !== wanted;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!short && again === wanted) change.mutate();
  };
  return (
    <Card title="My password" className="settings-narrow">
      <form className="settings-form" onSubmit={submit}>
        {me?.passwordNeeded === true && (
          <p className="dim">You have no password yet. With one you can log in without a link.</p>
        )}
        {change.error !== null && <ErrorNote title="The password was not set" error={change.error} />}
        <input type="text" name="username" autoComplete="username" value={me?.user ?? ''} readOnly hidden />
        {me?.passwordNeeded !== true && (
          <PasswordInput
            label="Password now"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
        )}
        <PasswordInput
          label="New password"
          description={`At least ${minimum} characters`}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={wanted}
          error={short ? `At least ${minimum} characters.` : undefined}
          onChange={(event) => setWanted(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={again}
          error={different ? 'The two differ.' : undefined}
          onChange={(event) => setAgain(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" loading={change.isPending}>
          Set the password
        </Button>
      </form>
    </Card>
  );
}
