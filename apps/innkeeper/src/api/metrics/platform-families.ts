import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { Gauge, type Registry } from 'prom-client';

/** Numbers of VMs and agents by state. Empty states are reported as 0. */
export function addPlatformFamilies(registry: Registry, vms: readonly Vm[], version: string): void {
  countStates(
    registry,
    'innkeeper_vms',
    'VMs by state.',
    VmState,
    (state) => vms.filter((vm) => vm.state === state).length,
  );
  const panicked = new Gauge({
    name: 'innkeeper_vms_panicked',
    help: 'VMs whose guest’s kernel panicked; their state is still running or paused.',
    registers: [registry],
  });
  panicked.set(vms.filter((vm) => vm.panicked).length);
  countStates(
    registry,
    'innkeeper_agents',
    'Agents by state.',
    AgentState,
    (state) => vms.filter((vm) => vm.agent?.state === state).length,
  );
  const info = new Gauge({
    name: 'innkeeper_build_info',
    help: 'Always 1; the version is its label.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
}

function countStates(
  registry: Registry,
  name: string,
  help: string,
  states: Readonly<Record<string, string | number>>,
  count: (state: number) => number,
): void {
  const gauge = new Gauge({ name, help, labelNames: ['state'], registers: [registry] });
  for (const [key, state] of Object.entries(states))
    if (typeof state === 'number' && state !== 0) gauge.set({ state: key.toLowerCase() }, count(state));
}
