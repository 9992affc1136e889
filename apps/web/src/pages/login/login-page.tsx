import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { type JSX, useEffect, useState } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { api } from '../../api/api.ts';
import { useSessionChange } from '../../api/session.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { safeNext } from './safe-next.ts';

/** Login by one-time link (`/login#SECRET`, as printed by `npm start`), or by user and password. */
export function LoginPage(): JSX.Element {
  const form = useForm({ initialValues: { user: '', password: '' } });
  const [busy, setBusy] = useState(location.hash.length > 1);
  const [error, setError] = useState<unknown>();
  const [parameters] = useSearchParams();
  const navigate = useNavigate();
  const changeSession = useSessionChange();
  // Opening a link while this page is shown changes only the fragment.
  const { hash } = useLocation();

  const logIn = async (login: () => ReturnType<typeof api.access.login>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { me } = await login();
      changeSession(me);
      void navigate(safeNext(parameters.get('next')), { replace: true });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = 'Log in · Innkeeper';
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a link is used once, whatever else changes
  useEffect(() => {
    const secret = hash.slice(1);
    if (secret === '') return;
    // Removes the secret from the address before it can be copied from there. This goes through the router, which would
    // otherwise ignore the same link when it is opened again.
    void navigate(`${location.pathname}${location.search}`, { replace: true });
    void logIn(() => api.access.loginWithLink({ secret }));
  }, [hash]);

  return (
    <main className="login">
      <form
        className="card login-card"
        aria-busy={busy}
        onSubmit={form.onSubmit(
          ({ user, password }) => void logIn(() => api.access.login({ user: user.trim(), password })),
        )}
      >
        <div className="login-brand">
          <svg width="40" height="40" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="#3451b2" />
            <path
              d="M8 24V13.5L16 7l8 6.5V24"
              fill="none"
              stroke="#fff"
              strokeWidth="2.4"
              strokeLinejoin="round"
              strokeLinecap="round"
            />
            <circle cx="16" cy="17.5" r="3.4" fill="#ffc94d" />
          </svg>
          <h1>Innkeeper</h1>
        </div>
        {error !== undefined && <ErrorNote title="Login failed" error={error} />}
        <TextInput
          label="User"
          name="user"
          autoComplete="username"
          required
          withAsterisk={false}
          autoCapitalize="none"
          spellCheck={false}
          {...form.getInputProps('user')}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          {...form.getInputProps('password')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" loading={busy} fullWidth>
          Log in
        </Button>
        <p className="dim login-help">
          For the first login, use the link printed by <code>npm start</code>, or get a new one with{' '}
          <code>inn web</code> on the daemon’s machine.
        </p>
      </form>
    </main>
  );
}
