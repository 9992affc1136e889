import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, type JSX, useEffect, useState } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { api } from '../../api/api.ts';
import { useSessionChange } from '../../api/session.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { safeNext } from './safe-next.ts';

/** By one-time link (`/login#SECRET`, as `npm start` prints it) or by user and password. */
export function LoginPage(): JSX.Element {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(location.hash.length > 1);
  const [error, setError] = useState<unknown>();
  const [parameters] = useSearchParams();
  const navigate = useNavigate();
  const changeSession = useSessionChange();
  // A link that is opened while this page is shown changes the fragment alone.
  const { hash } = useLocation();

  const enter = async (login: () => ReturnType<typeof api.access.login>): Promise<void> => {
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

  // biome-ignore lint/correctness/useExhaustiveDependencies: each link is used once, whatever else changes
  useEffect(() => {
    const secret = hash.slice(1);
    if (secret === '') return;
    // The secret leaves the address before anybody can copy it from there. The router must know, or it would take the
    // same link, opened once more, for no navigation.
    void navigate(`${location.pathname}${location.search}`, { replace: true });
    void enter(() => api.access.loginWithLink({ secret }));
  }, [hash]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void enter(() => api.access.login({ user: user.trim(), password }));
  };

  return (
    <main className="login">
      <form className="card login-card" onSubmit={submit} aria-busy={busy}>
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
        {error !== undefined && <ErrorNote title="You were not logged in" error={error} />}
        <TextInput
          label="User"
          name="user"
          autoComplete="username"
          required
          withAsterisk={false}
          autoCapitalize="none"
          spellCheck={false}
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" loading={busy} fullWidth>
          Log in
        </Button>
        <p className="dim login-help">
          The first time, use the link that <code>npm start</code> printed, or get a new one on the daemon’s machine
          with <code>inn web</code>.
        </p>
      </form>
    </main>
  );
}
