import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { updateKeysPath } from '@innkeeper/contract/agent-update';
import { OperationError } from '@innkeeper/contract/errors';
import type { InitSystem } from './init-system.ts';

export const agentPath = '/usr/local/bin/innkeeper-agent';

export type PlannedEntry =
  /** A file of Innkeeper, which replaces an existing file or link. */
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A file of the guest that is edited, keeping its owner and mode; it must exist. */
  | { readonly kind: 'edit'; readonly path: string; readonly edit: (text: string) => string };

/** The folder packaging/ of this checkout, with units and scripts. */
export const packagingDirectory = join(import.meta.dirname, '../../../packaging');

/**
 * The entries to write to an image so that its init system starts the agent. `packaging` is the folder with units and
 * scripts. Rejects with INTERNAL when a file is missing there.
 */
export async function planInstallation(
  initSystem: InitSystem,
  agent: Uint8Array,
  {
    packagingDirectory: packaging = packagingDirectory,
    updateKeys,
  }: { readonly packagingDirectory?: string | undefined; readonly updateKeys?: string | undefined } = {},
): Promise<PlannedEntry[]> {
  const files: PlannedEntry[] = [{ kind: 'file', path: agentPath, mode: 0o755, content: agent }];
  if (updateKeys !== undefined)
    files.push({ kind: 'file', path: updateKeysPath, mode: 0o644, content: Buffer.from(updateKeys) });
  const load = async (name: string): Promise<Buffer> => {
    try {
      return await readFile(join(packaging, name));
    } catch (error) {
      throw new OperationError('INTERNAL', `The file packaging/${name} is missing.`, { cause: error });
    }
  };
  switch (initSystem) {
    case 'systemd':
      return [...files, ...systemdEntries(await load('systemd/innkeeper-agent.service'))];
    case 'openrc':
      return [...files, ...openrcEntries(await load('openrc/innkeeper-agent'))];
    case 'sysv':
      return [...files, ...sysvEntries(await load('sysv/innkeeper-agent'))];
    case 'busybox':
      return [...files, busyboxEntry(await load('busybox/inittab'))];
  }
}

function systemdEntries(content: Uint8Array): PlannedEntry[] {
  const unit = '/etc/systemd/system/innkeeper-agent.service';
  const wanted = '/etc/systemd/system/multi-user.target.wants/innkeeper-agent.service';
  return [
    { kind: 'file', path: unit, mode: 0o644, content },
    { kind: 'link', path: wanted, target: unit },
  ];
}

function openrcEntries(content: Uint8Array): PlannedEntry[] {
  const script = '/etc/init.d/innkeeper-agent';
  return [
    { kind: 'file', path: script, mode: 0o755, content },
    { kind: 'link', path: '/etc/runlevels/default/innkeeper-agent', target: script },
  ];
}

function sysvEntries(content: Uint8Array): PlannedEntry[] {
  const links = [0, 1, 2, 3, 4, 5, 6].map((level): PlannedEntry => {
    const starts = level >= 2 && level <= 5;
    const name = starts ? 'S01innkeeper-agent' : 'K99innkeeper-agent';
    return { kind: 'link', path: `/etc/rc${level}.d/${name}`, target: '/etc/init.d/innkeeper-agent' };
  });
  return [{ kind: 'file', path: '/etc/init.d/innkeeper-agent', mode: 0o755, content }, ...links];
}

function busyboxEntry(lines: Uint8Array): PlannedEntry {
  const ours = Buffer.from(lines).toString('utf8');
  // Removes the lines of an earlier version, with the comment above them.
  const edit = (text: string): string => {
    const kept = text.split('\n').filter((line) => !/innkeeper-agent|Innkeeper guest agent/.test(line));
    const body = kept.join('\n').replace(/\n*$/, '\n');
    return `${body === '\n' ? '' : body}${ours}`;
  };
  return { kind: 'edit', path: '/etc/inittab', edit };
}
