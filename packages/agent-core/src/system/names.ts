import { replaceFile } from '../file/replace-file.ts';
import { hex } from '../hex.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { setKernelHostname } from './kernel-hostname.ts';

const machineIds = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** Now and at the next boot, and in Debian's line of /etc/hosts. */
export async function setHostname(host: Host, name: string): Promise<void> {
  const old = readTrimmed(host, '/etc/hostname') ?? '';
  setKernelHostname(host, name);
  await replaceFile(host, '/etc/hostname', `${name}\n`);
  const hosts = readTrimmed(host, '/etc/hosts', 256 * 1024);
  const changed = hosts
    ?.split('\n')
    .map((line) =>
      /^127\.0\.[01]\.1\s/.test(line) && old !== ''
        ? line
            .split(/(\s+)/)
            .map((word) => (word === old ? name : word))
            .join('')
        : line,
    )
    .join('\n');
  if (changed !== undefined && changed !== hosts) await replaceFile(host, '/etc/hosts', `${changed}\n`);
}

export function readMachineId(host: Host): string {
  return readTrimmed(host, machineIds[0] ?? '') ?? '';
}

/** A version 4 UUID, as systemd makes it. */
export async function newMachineId(host: Host): Promise<void> {
  const bytes = host.bytes.random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  for (const [index, path] of machineIds.entries())
    if (index === 0 || isRegular(host, path)) await replaceFile(host, path, `${hex(bytes)}\n`, 0o444);
}

/** The second is usually a link to the first. */
function isRegular(host: Host, path: string): boolean {
  try {
    return host.files.stat(path, false).type === 'regular';
  } catch {
    return false;
  }
}
