import type { RemoveFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { removeFile } from '../tree/remove-tree.ts';

const folder = '/etc/ssh';
/** On the file system of the target, so that the new keys can be moved there. */
const workshop = '/etc/ssh/.innkeeper';
const program = '/usr/bin/ssh-keygen';
/** RSA takes long where the CPU is emulated. */
const timeoutMs = 100_000;
const maxNames = 1000;
const maxKeys = 16;
const SIGHUP = 1;

/** The public host keys of OpenSSH. */
export function readHostKeys(host: Host): string[] {
  return namesIn(host, folder)
    .filter((name) => /^ssh_host_\w+_key\.pub$/.test(name))
    .sort()
    .slice(0, maxKeys)
    .map((name) => (readTrimmed(host, `${folder}/${name}`) ?? '').slice(0, 2048));
}

/** Replaces all host keys of OpenSSH, once all new ones exist, and has its server read them. */
export async function newHostKeys(host: Host): Promise<void> {
  const { files, jobs } = host;
  await clear(host);
  try {
    for (const path of [workshop, `${workshop}/etc`, `${workshop}/etc/ssh`]) files.makeDirectory(path, 0o700);
    const { exitCode, stderr } = await jobs.run([program, '-A', '-f', workshop], { timeoutMs });
    const made = namesIn(host, `${workshop}/etc/ssh`);
    if (exitCode !== 0 || made.length === 0)
      throw new OperationError('GUEST_IO', `ssh-keygen made no keys: ${stderr.trim().slice(0, 200)}`);
    for (const name of made) files.rename(`${workshop}/etc/ssh/${name}`, `${folder}/${name}`);
    for (const name of namesIn(host, folder))
      if (/^ssh_host_\w+_key(\.pub|-cert\.pub)?$/.test(name) && !made.includes(name)) files.unlink(`${folder}/${name}`);
  } finally {
    await clear(host);
  }
  const pid = Number(readTrimmed(host, '/run/sshd.pid') ?? 0);
  if (pid > 1 && readTrimmed(host, `/proc/${pid}/comm`) === 'sshd') host.processes.kill(pid, SIGHUP);
}

function namesIn(host: Host, path: string): string[] {
  try {
    return host.files.readDirectory(path, maxNames);
  } catch {
    // ENOENT: no SSH server.
    return [];
  }
}

/** Also of an earlier attempt. */
function clear(host: Host): Promise<number> {
  const request = { path: workshop, recursive: true, ignoreMissing: true } as RemoveFileRequest;
  return removeFile(host, request, new AbortController().signal);
}
