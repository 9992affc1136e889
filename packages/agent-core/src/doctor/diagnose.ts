import type { AgentConfig } from '../config/agent-config.ts';
import { readConfig } from '../config/read-config.ts';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { createPolicy } from '../policy/policy.ts';
import type { Finding } from './finding.ts';
import { type FoundPort, portFindings } from './port-findings.ts';
import { agentProcesses, processFindings } from './process-findings.ts';
import { unitFinding } from './unit-finding.ts';

/**
 * Everything between this guest's agent and its host, from the device to the policy. Changes nothing, and opens no port:
 * the host would take that for an agent.
 * @param ports the virtio-serial ports of this guest
 */
export async function diagnose(host: Host, configPath: string, ports: readonly FoundPort[]): Promise<Finding[]> {
  const config = exists(host, configPath) ? readConfig(host, configPath) : undefined;
  const agents = agentProcesses(host);
  const isRoot = host.files.stat('/proc/self', true).uid === 0;
  return [
    isRoot
      ? { check: 'permission', state: 'ok', detail: 'this is root, as the agent should be' }
      : {
          check: 'permission',
          state: 'warning',
          detail: 'not root: who holds a port is not seen, and an agent of this user can do little',
          next: 'run it as root',
        },
    ...portFindings(host, ports, config?.devicePath),
    ...processFindings(agents),
    await unitFinding(host),
    ...configFindings(host, configPath, config),
  ];
}

function configFindings(host: Host, path: string, config: AgentConfig | undefined): Finding[] {
  if (config === undefined)
    return [{ check: 'configuration', state: 'ok', detail: `there is no ${path}: the agent uses its defaults` }];
  if (config.problems.length > 0)
    return config.problems.map(({ line, message }) => ({
      check: 'configuration',
      state: 'problem',
      detail: `${path}${line === 0 ? '' : ` line ${line}`}: ${message}`,
      next: 'correct it and restart the agent: until then it allows its host nothing but telemetry',
    }));
  return [
    { check: 'configuration', state: 'ok', detail: `${path} is fine; an agent reads it when it starts` },
    ...policyFindings(host, config),
  ];
}

function policyFindings(host: Host, config: AgentConfig): Finding[] {
  const policy = createPolicy(config, host.clock);
  if (policy === undefined) return [{ check: 'policy', state: 'ok', detail: 'the host may do everything' }];
  const off = [...policy.denied.keys()];
  const { roots, writeRoots, commands, tunnels, readOnly, rateLimits } = config.policy;
  const rules = [
    ...(readOnly?.value === true ? ['read-only'] : []),
    ...(off.length > 0 ? [`off: ${off.join(', ')}`] : []),
    ...(roots === undefined ? [] : [`roots: ${roots.value.join(', ') || 'none'}`]),
    ...(writeRoots === undefined ? [] : [`write roots: ${writeRoots.value.join(', ') || 'none'}`]),
    ...(commands === undefined ? [] : [`commands: ${commands.value.join(', ') || 'none'}`]),
    ...(tunnels === undefined ? [] : [`tunnels: ${tunnels.value.join(', ') || 'none'}`]),
    ...(rateLimits.size > 0 ? [`${rateLimits.size} rate limits`] : []),
  ];
  const links = [...(roots?.value ?? []), ...(writeRoots?.value ?? [])].filter((path) => isThroughLink(host, path));
  const isLimited = [roots, writeRoots, commands, tunnels].some((rule) => rule !== undefined);
  const mayRunAnything = isLimited && commands === undefined && !policy.denied.has('exec');
  return [
    { check: 'policy', state: 'ok', detail: `the host is limited: ${rules.join('; ')}` },
    ...links.map(
      (path): Finding => ({
        check: 'policy',
        state: 'warning',
        detail: `the root ${path} is a symbolic link or below one, so it allows nothing`,
        next: 'write the path that it leads to',
      }),
    ),
    ...(mayRunAnything
      ? [
          {
            check: 'policy',
            state: 'warning' as const,
            detail: 'roots do not limit the host while it may run any command',
            next: 'set commands, or turn "exec" off',
          },
        ]
      : []),
  ];
}

function isThroughLink(host: Host, path: string): boolean {
  const parts = path.split('/').slice(1);
  return parts.some((_, index) => {
    try {
      return host.files.stat(`/${parts.slice(0, index + 1).join('/')}`, false).type === 'symlink';
    } catch {
      // ENOENT: not there yet.
      return false;
    }
  });
}
