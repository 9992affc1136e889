import { UnitBoot, UnitState } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { initSystem } from '../telemetry/init-system.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { createUnitManager } from '../unit/choose-units.ts';
import { agentUnit } from '../unit/own-unit.ts';
import { serviceInit } from '../unit/service-init.ts';
import type { Finding } from './finding.ts';

const startWith = {
  systemd: `systemctl start ${agentUnit}`,
  openrc: `rc-service ${agentUnit} start`,
  sysv: `/etc/init.d/${agentUnit} start`,
} as const;
const enableWith = {
  systemd: `systemctl enable ${agentUnit}`,
  openrc: `rc-update add ${agentUnit}`,
  sysv: `update-rc.d ${agentUnit} defaults`,
} as const;

/** Whether the init system starts the agent at every boot, and has started it. */
export async function unitFinding(host: Host): Promise<Finding> {
  const found = serviceInit(host);
  if ('reason' in found) return inittabFinding(host, found.reason);
  const { init } = found;
  try {
    const { boot, state, detail } = await createUnitManager(host, init).get(agentUnit);
    if (boot !== UnitBoot.ENABLED)
      return problem(`${init} does not start ${agentUnit} at boot`, `run ${enableWith[init]}`);
    if (state === UnitState.RUNNING)
      return { check: 'unit', state: 'ok', detail: `${init} has started ${agentUnit}, and does so at every boot` };
    const word = detail === undefined || detail === '' ? '' : ` (${detail})`;
    return problem(
      `${init} starts ${agentUnit} at boot, but it is not running${word}`,
      `run ${startWith[init]}, and look into its log`,
    );
  } catch (error) {
    const { reason, message } = OperationError.from(error);
    if (reason === 'UNIT_NOT_FOUND')
      return problem(`${init} has no service ${agentUnit}`, 'install the agent with its package or install-agent.sh');
    return { check: 'unit', state: 'warning', detail: `${init} does not say whether it starts the agent: ${message}` };
  }
}

function inittabFinding(host: Host, reason: string): Finding {
  if (initSystem(host) !== 'busybox')
    return { check: 'unit', state: 'warning', detail: `it is not known what starts the agent: ${reason}` };
  return (readTrimmed(host, '/etc/inittab') ?? '').split('\n').some((line) => /^[^#]*:.*innkeeper-agent/.test(line))
    ? { check: 'unit', state: 'ok', detail: 'busybox starts the agent at every boot (/etc/inittab)' }
    : problem(
        'busybox does not start the agent at boot',
        'add ::respawn:/usr/local/bin/innkeeper-agent serve to /etc/inittab',
      );
}

function problem(detail: string, next: string): Finding {
  return { check: 'unit', state: 'problem', detail, next };
}
