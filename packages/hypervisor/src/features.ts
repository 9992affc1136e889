import { OperationError } from '@innkeeper/contract';
import type { VmSpec } from './vm-spec.ts';

/**
 * What not every driver can do. Everything else in `HypervisorDriver` and `RunningVm` every driver does. The wrapper
 * (managed-driver.ts) refuses what a driver does not support, so no driver has to, and callers look here before they
 * depend on it.
 */
export interface DriverFeatures {
  /** `openAgent` by the name of a virtio-serial port. */
  readonly supportsAgentPorts: boolean;
  /** `openAgent` by the number of a vsock port. */
  readonly supportsVsock: boolean;
  /** `isPortOpen`, and the event `agent-port`. */
  readonly supportsPortState: boolean;
  /** `pause` and `resume`. */
  readonly supportsPause: boolean;
  /** `network`: how the card is connected while the VM runs. */
  readonly supportsNetworkState: boolean;
  /** More than one disk. */
  readonly supportsSeveralDisks: boolean;
  /** More than one network card. */
  readonly supportsSeveralNics: boolean;
  /** A network card of the kind `user`. */
  readonly supportsUserNic: boolean;
  /** A network card of the kind `bridge`. */
  readonly supportsBridgeNic: boolean;
  /** A network card of the kind `tap`. */
  readonly supportsTapNic: boolean;
  /** Firmware of the kind `uefi`. */
  readonly supportsUefi: boolean;
  /** A launch that goes on from a snapshot. */
  readonly supportsSnapshots: boolean;
}

export type DriverFeature = keyof DriverFeatures;

const described: Record<DriverFeature, string> = {
  supportsAgentPorts: 'an agent on a virtio-serial port',
  supportsVsock: 'an agent on vsock',
  supportsPortState: 'whether the guest has a port open',
  supportsPause: 'pausing a VM',
  supportsNetworkState: 'how a network card is connected',
  supportsSeveralDisks: 'more than one disk',
  supportsSeveralNics: 'more than one network card',
  supportsUserNic: 'a network card of the kind "user"',
  supportsBridgeNic: 'a network card of the kind "bridge"',
  supportsTapNic: 'a network card of the kind "tap"',
  supportsUefi: 'firmware of the kind "uefi"',
  supportsSnapshots: 'starting from a snapshot',
};

const nicFeatures = { user: 'supportsUserNic', bridge: 'supportsBridgeNic', tap: 'supportsTapNic' } as const;

/** A driver, as far as what it supports is concerned. */
export interface Supporting {
  readonly name: string;
  readonly features: DriverFeatures;
}

/** Throws UNSUPPORTED_BY_DRIVER, with the names of the driver and of what it cannot do. */
export function assertSupported({ name, features }: Supporting, feature: DriverFeature): void {
  if (features[feature]) return;
  throw new OperationError(
    'UNSUPPORTED_BY_DRIVER',
    `The driver "${name}" does not support ${described[feature]} (${feature}).`,
  );
}

/** The same for everything that a VM needs of its driver. */
export function assertSpecSupported(driver: Supporting, spec: VmSpec): void {
  for (const feature of featuresNeeded(spec)) assertSupported(driver, feature);
}

function featuresNeeded(spec: VmSpec): DriverFeature[] {
  const kinds = spec.nics.map(({ kind }) => kind).filter((kind) => kind !== 'none');
  const needed: DriverFeature[] = kinds.map((kind) => nicFeatures[kind]);
  if (kinds.length > 1) needed.push('supportsSeveralNics');
  if (spec.disks.length > 1) needed.push('supportsSeveralDisks');
  if (spec.firmware.kind === 'uefi') needed.push('supportsUefi');
  if (spec.snapshot !== undefined) needed.push('supportsSnapshots');
  return needed;
}
