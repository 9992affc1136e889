import type { Log } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import type { GuestPolicy } from '../policy/guest-policy.ts';
import type { AgentConfig } from './agent-config.ts';

export const defaultConfigPath = '/etc/innkeeper/agent.toml';
const maxLogged = 20;

/** The guest's configuration file, and the policy in it. */
export interface Settings {
  readonly config: AgentConfig | undefined;
  readonly policy: GuestPolicy | undefined;
}

/**
 * Reads the configuration file and logs what is wrong with it. Without a file, nothing of what reads it is loaded. Never
 * rejects: with a file that is wrong, the policy allows nothing but telemetry.
 */
export async function loadSettings(host: Host, path: string, log: Log): Promise<Settings> {
  if (isMissing(host, path)) return { config: undefined, policy: undefined };
  const { readConfig, createPolicy } = await import('./settings-part.ts');
  const config = readConfig(host, path);
  for (const { line, message } of config.problems.slice(0, maxLogged))
    log.error('config.wrong', { path, line: line === 0 ? undefined : line, message });
  const policy = createPolicy(config, host.clock);
  if (policy !== undefined) log.info('policy.active', { path, off: [...policy.denied.keys()].join(' ') });
  return { config, policy };
}

/** Only if it is known that there is none: a file that cannot be read is one that is wrong. */
function isMissing(host: Host, path: string): boolean {
  try {
    host.files.stat(path, false);
    return false;
  } catch (error) {
    return hasErrno(error, 'ENOENT', 'ENOTDIR');
  }
}
