import type { System, Telemetry } from '@innkeeper/contract/agent';
import type { Vm } from '@innkeeper/contract/control';

/**
 * A VM as needed for a row of a list: without interfaces, users, pressures and capabilities, which are most of its bytes.
 * The VM's page requests all of it.
 */
export function vmRow(vm: Vm): Vm {
  const { telemetry, system, agent, ...rest } = vm;
  return {
    ...rest,
    ...(agent === undefined ? {} : { agent: { ...agent, capabilities: [] } }),
    ...(telemetry === undefined ? {} : { telemetry: telemetryRow(telemetry) }),
    ...(system === undefined ? {} : { system: systemRow(system) }),
  };
}

function telemetryRow(telemetry: Telemetry): Telemetry {
  const { cpuPressure: _cpu, memoryPressure: _memory, ioPressure: _io, ...rest } = telemetry;
  return { ...rest, interfaces: [], users: [] };
}

function systemRow(system: System): System {
  return { ...system, capabilities: [], missingCapabilities: [] };
}
