import type { CapabilityName } from '@innkeeper/contract/capabilities';
import { cleanText } from '@innkeeper/kit';
import { type Fields, objectOf, objectsOf, textOf } from '../foreign/fields.ts';
import type { ForeignFacts } from '../foreign/foreign-agent.ts';
import { optional } from './qga-error.ts';
import type { QgaCall } from './qga-session.ts';

/** What each capability needs of the agent's commands: all of them. */
const needs: Readonly<Partial<Record<CapabilityName, readonly string[]>>> = {
  telemetry: ['guest-ping'],
  exec: ['guest-exec', 'guest-exec-status'],
  'file.read': ['guest-file-open', 'guest-file-read', 'guest-file-seek', 'guest-file-close'],
  'file.write': ['guest-file-open', 'guest-file-write', 'guest-file-flush', 'guest-file-close'],
  'filesystem.trim': ['guest-fstrim'],
  'filesystem.freeze': ['guest-fsfreeze-status', 'guest-fsfreeze-freeze', 'guest-fsfreeze-thaw'],
  power: ['guest-shutdown'],
  accounts: ['guest-set-user-password'],
};

/** What an agent says about itself, and whether its guest is frozen. */
export interface QgaFacts extends ForeignFacts {
  readonly isFrozen: boolean;
}

/** Asks the agent who it is, and which of its commands the guest allows. */
export async function qgaFacts(call: QgaCall): Promise<QgaFacts> {
  const info = objectOf(await call('guest-info'), 'The answer to guest-info');
  const known = new Map(
    objectsOf(info['supported_commands'], 'supported_commands').map((each) => [textOf(each['name']), each['enabled']]),
  );
  const isEnabled = (command: string): boolean => known.get(command) === true;
  const capabilities: CapabilityName[] = [];
  const whyNot = new Map<CapabilityName, string>();
  for (const [name, commands] of Object.entries(needs) as [CapabilityName, readonly string[]][]) {
    const lacking = commands.filter((command) => !isEnabled(command));
    if (lacking.length === 0) capabilities.push(name);
    else whyNot.set(name, whyDisabled(lacking, known));
  }
  return {
    version: `qemu-ga ${cleanText(textOf(info['version']), 40)}`.trim(),
    capabilities,
    whyNot,
    system: await systemOf(call, isEnabled),
    isFrozen: isEnabled('guest-fsfreeze-status') && (await optional(() => call('guest-fsfreeze-status'))) === 'frozen',
  };
}

function whyDisabled(lacking: readonly string[], known: ReadonlyMap<string, unknown>): string {
  const off = lacking.filter((command) => known.has(command));
  if (off.length > 0) return `the guest’s qemu-ga configuration turns off ${off.join(', ')}`;
  return `this version of qemu-ga lacks ${lacking.join(', ')}`;
}

async function systemOf(call: QgaCall, isEnabled: (command: string) => boolean): Promise<ForeignFacts['system']> {
  // None if the agent answers with an error, since these are of no vital interest.
  const ask = async (command: string): Promise<Fields> => {
    if (!isEnabled(command)) return {};
    return (await optional(async () => objectOf(await call(command), `The answer to ${command}`))) ?? {};
  };
  const os = await ask('guest-get-osinfo');
  const host = await ask('guest-get-host-name');
  return {
    hostname: textOf(host['host-name']),
    osId: textOf(os['id']),
    osName: textOf(os['name']),
    osVersion: textOf(os['version-id']),
    osPrettyName: textOf(os['pretty-name']),
    kernelRelease: textOf(os['kernel-release']),
    architecture: textOf(os['machine']),
  };
}
