import type { MessageInitShape } from '@bufbuild/protobuf';
import { AgentState, type FleetSchema, VmState } from '@innkeeper/contract/control';
import type { Viewer } from '../../access/viewer.ts';
import type { Fleet, FleetEntry } from '../../ports/fleet.ts';
import { vmRow } from './vm-row.ts';

const topCount = 5;

/** The counts and the busiest VMs of the overview, among the VMs that the caller may see. */
export function fleetSummary(
  fleet: Fleet,
  viewer: Viewer,
): Omit<MessageInitShape<typeof FleetSchema> & object, 'events' | 'doneSteps' | '$typeName'> {
  const seen = fleet.entries().filter(({ vm }) => viewer.sees(vm));
  const count = (test: (entry: FleetEntry) => boolean): number =>
    seen.reduce((sum, each) => sum + Number(test(each)), 0);
  const top = (figureOf: (entry: FleetEntry) => number | undefined) =>
    highest(seen, figureOf).map((entry) => vmRow(entry.describe()));
  return {
    vms: seen.length,
    running: count(({ vm }) => vm.state === VmState.RUNNING),
    connected: count(({ vm }) => vm.agent.state === AgentState.CONNECTED),
    outdated: count(({ outdated }) => outdated),
    silent: count(({ silent }) => silent),
    topCpu: top(({ figures }) => figures.cpuPercent),
    topMemory: top(({ figures }) => figures.memoryPercent),
    topDisk: top(({ figures }) => figures.diskPercent),
  };
}

/** The VMs with the highest values; those without a value are left out. */
function highest(entries: readonly FleetEntry[], figureOf: (entry: FleetEntry) => number | undefined): FleetEntry[] {
  const best: { readonly entry: FleetEntry; readonly value: number }[] = [];
  for (const entry of entries) {
    const value = figureOf(entry);
    if (value === undefined) continue;
    const place = best.findIndex((other) => value > other.value);
    if (place >= 0) best.splice(place, 0, { entry, value });
    else if (best.length < topCount) best.push({ entry, value });
    if (best.length > topCount) best.pop();
  }
  return best.map(({ entry }) => entry);
}
