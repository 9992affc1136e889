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
    sinceUnixNs: nsOf(values.get('REALTIME') ?? ''),
  };
}

/** Microseconds in decimal as nanoseconds; 0 if it is not a time that an int64 can hold. */
function nsOf(text: string): bigint {
  const ns = BigInt(/^\d{1,16}$/.exec(text)?.[0] ?? 0) * 1000n;
  return ns < 2n ** 63n ? ns : 0n;
}
