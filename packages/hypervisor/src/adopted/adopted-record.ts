import type { DriverFeatures } from '../features.ts';
import type { VmRecord } from '../vm-record.ts';

/** Nothing but the agent is known of such a VM. */
export const adoptedFeatures: DriverFeatures = {
  supportsAgentPorts: false,
  supportsVsock: false,
  supportsPortState: false,
  supportsPause: false,
  supportsNetworkState: false,
  supportsSeveralDisks: false,
  supportsSeveralNics: false,
  supportsUserNic: false,
  supportsBridgeNic: false,
  supportsTapNic: false,
  supportsUefi: false,
  supportsSnapshots: false,
};

/** The record of a VM that is adopted by the address of its agent. */
export function adoptedRecord(id: string, address: string): VmRecord {
  return { id, driver: 'adopted', payload: { address } };
}

/** The address in a record; undefined if it is not one of an adopted VM. */
export function adoptedAddress({ driver, payload }: VmRecord): string | undefined {
  const { address } = payload;
  return driver === 'adopted' && typeof address === 'string' ? address : undefined;
}
