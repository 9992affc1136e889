import type { Agent, Vm } from '@innkeeper/contract/control';

/**
 * What lists are filtered and sorted by: the fields of a VM as they lie in memory. To describe a VM whole costs some
 * fifty times as much, so that is done for the rows that are shown alone.
 */
export type VmSummary = Pick<
  Vm,
  'id' | 'name' | 'state' | 'panicked' | 'image' | 'node' | 'cpus' | 'tags' | 'telemetry' | 'system'
> & {
  readonly agent: Pick<Agent, 'state' | 'version'>;
  /** Since when the agent is in its state. */
  readonly agentSinceMs: number;
  readonly createdMs: number;
};
