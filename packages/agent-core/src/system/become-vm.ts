import { exists } from '../file/exists.ts';
import { replaceFile } from '../file/replace-file.ts';
import type { Host } from '../host.ts';
import { newHostKeys } from './host-keys.ts';
import { newMachineId, setHostname } from './names.ts';

export interface NewIdentity {
  /** What is noted when all is done. */
  readonly record: string;
  readonly recordPath: string;
  /** Undefined: the guest keeps its name. */
  readonly hostname: string | undefined;
  /** Whether it gets a new machine id and new host keys. */
  readonly isFresh: boolean;
}

/** Sets the names and keys of the guest to those of its VM, and notes that. */
export async function becomeVm(host: Host, { record, recordPath, hostname, isFresh }: NewIdentity): Promise<void> {
  if (hostname !== undefined) await setHostname(host, hostname);
  if (isFresh) {
    await newMachineId(host);
    if (exists(host, '/usr/bin/ssh-keygen')) await newHostKeys(host);
  }
  const folder = recordPath.slice(0, recordPath.lastIndexOf('/'));
  for (const path of ['/var', '/var/lib', folder])
    if (!exists(host, path)) host.files.makeDirectory(path, path === folder ? 0o700 : 0o755);
  await replaceFile(host, recordPath, `${record}\n`, 0o600);
}
