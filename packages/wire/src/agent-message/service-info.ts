import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Unit } from '@innkeeper/contract/agent';
import { UnitState } from '@innkeeper/contract/agent-lite';
import type { ServiceInfoSchema } from '@innkeeper/contract/agent-message';

/** By the numbers of UnitState. */
const states = ['unknown', 'stopped', 'starting', 'running', 'started', 'stopping', 'failed'] as const;
/** By the numbers of UnitBoot. */
const startTypes = ['unknown', 'enabled', 'disabled', 'static', 'masked'] as const;

/** The state of a unit in one word. */
export function serviceState(unit: Unit | undefined): string {
  return states[unit?.state ?? 0] ?? 'unknown';
}

/** Whether a unit is running, or was started and did its work. */
export function isRunning({ state }: Unit): boolean {
  return state === UnitState.RUNNING || state === UnitState.STARTED;
}

/** A unit as ServiceInfo; what is not known is 0. */
export function serviceInfo(unit: Unit): MessageInitShape<typeof ServiceInfoSchema> {
  const { name, description } = unit;
  return {
    name,
    displayName: name.replace(/\.service$/, ''),
    state: serviceState(unit),
    startType: startTypes[unit.boot] ?? 'unknown',
    description,
    pid: unit.pid ?? 0,
    memoryBytes: unit.memoryBytes ?? 0n,
  };
}
