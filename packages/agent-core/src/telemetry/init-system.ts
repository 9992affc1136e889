import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from './read-trimmed.ts';

export type InitSystem = 'systemd' | 'openrc' | 'sysv' | 'busybox' | 'other';

/** The program that runs as process 1 and starts services. */
export function initSystem(host: Host): InitSystem {
  if (exists(host, '/run/systemd/system')) return 'systemd';
  if (exists(host, '/run/openrc') || exists(host, '/sbin/openrc-run')) return 'openrc';
  const program = linkOf(host, '/sbin/init');
  if (program?.includes('busybox') === true || linkOf(host, '/proc/1/exe')?.includes('busybox') === true)
    return 'busybox';
  if (readTrimmed(host, '/proc/1/comm') === 'init' && exists(host, '/etc/inittab')) return 'sysv';
  return 'other';
}

function linkOf(host: Host, path: string): string | undefined {
  try {
    return host.files.readLink(path);
  } catch {
    // EINVAL: not a link; ENOENT: does not exist.
    return undefined;
  }
}
