import type { Login } from './parse-users.ts';

/**
 * A file of /run/systemd/sessions. Undefined for a session that is not a login of a person (a greeter, a user's service
 * manager) or that is closing.
 */
export function parseSession(text: string): Login | undefined {
  const values = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const name = values.get('USER') ?? '';
  const isPerson = /^user(-early|-light)?$/.test(values.get('CLASS') ?? 'user');
  if (name === '' || !isPerson || values.get('STATE') === 'closing') return undefined;
  return {
    name,
    terminal: values.get('TTY') ?? '',
    host: values.get('REMOTE_HOST') ?? '',
    // Microseconds.
    sinceUnixNs: BigInt(/^\d+$/.exec(values.get('REALTIME') ?? '')?.[0] ?? 0) * 1000n,
  };
}
