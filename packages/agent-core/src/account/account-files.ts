import { OperationError } from '@innkeeper/contract/errors';
import { pause } from '@innkeeper/kit';
import { exists } from '../file/exists.ts';
import { openOptions } from '../file/open-options.ts';
import { replaceFile } from '../file/replace-file.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const shadowPath = '/etc/shadow';
const passwdPath = '/etc/passwd';
export const maxAccountBytes = 4 * 1024 * 1024;
/** How long another program, such as passwd(1), may hold the lock. */
const lockMs = 5_000;
const retryMs = 250;

/** What becomes of an account: the second field of its line, and the day of the last change if it has one. */
interface Secret {
  readonly field: string;
  /** Days since 1970; 0: it must be changed at the next login. */
  readonly changedDay?: number | undefined;
}

/** The password fields by user: of /etc/shadow, or of /etc/passwd in guests without it. */
export function readSecrets(host: Host): Map<string, string[]> {
  const text = host.files.readText(secretPath(host), maxAccountBytes);
  return new Map(text.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.split(':')]));
}

/**
 * Changes one account's line, under the lock of passwd(1) and its like; the other lines stay as they are. `field` has
 * neither colons nor line breaks.
 */
export async function changeSecret(host: Host, user: string, { field, changedDay }: Secret): Promise<void> {
  const path = secretPath(host);
  const isShadow = path === shadowPath;
  if (changedDay === 0 && !isShadow)
    throw new OperationError('UNSUPPORTED_BY_AGENT', 'Passwords cannot expire in a guest without /etc/shadow.');
  const unlock = await lock(host, `${path}.lock`);
  try {
    const lines = host.files.readText(path, maxAccountBytes).split('\n');
    const index = lines.findIndex((line) => line.startsWith(`${user}:`));
    const fields = lines[index]?.split(':') ?? [user, '', '', '0', '99999', '7', '', '', ''];
    fields[1] = field;
    if (isShadow && changedDay !== undefined) fields[2] = String(changedDay);
    if (index >= 0) lines[index] = fields.join(':');
    // A guest without a line for it has the password in no file.
    else lines.splice(lines.at(-1) === '' ? -1 : lines.length, 0, fields.join(':'));
    await replaceFile(host, path, lines.join('\n'), 0o600);
  } finally {
    unlock();
  }
}

function secretPath(host: Host): string {
  return exists(host, shadowPath) ? shadowPath : passwdPath;
}

/** As shadow-utils do it: the file has the pid of who holds it, and that of a process that is gone does not count. */
async function lock({ clock, files, system, ...rest }: Host, path: string): Promise<() => void> {
  const host = { clock, files, system, ...rest };
  for (const untilMs = clock.monotonicMs() + lockMs; ; await pause(clock, retryMs, undefined)) {
    try {
      const file = files.open(path, openOptions({ access: 'write', create: true, exclusive: true, mode: 0o600 }));
      files.write(file, new TextEncoder().encode(`${system.pid}`), 0);
      file.close();
      return () => files.unlink(path);
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
    const pid = Number.parseInt(readTrimmed(host, path) ?? '', 10);
    if (pid > 0 && !exists(host, `/proc/${pid}`)) files.unlink(path);
    else if (clock.monotonicMs() > untilMs)
      throw new OperationError('USER_FILES_LOCKED', `Process ${pid} holds ${path}.`);
  }
}
