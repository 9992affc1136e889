import { OperationError } from '@innkeeper/contract';
import type { VmSpec } from './vm-spec.ts';

/**
 * Optional features of drivers. Everything else in `HypervisorDriver` and `RunningVm` is supported by every driver. The
 * wrapper (managed-driver.ts) refuses unsupported calls, so drivers need not, and callers check here before they depend
 * on a feature.
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
  /** `network`: how the NIC of a running VM is connected. */
  readonly supportsNetworkState: boolean;
  /** VMs with more than one disk. */
  readonly supportsSeveralDisks: boolean;
  /** VMs with more than one network card. */
  readonly supportsSeveralNics: boolean;
  /** A network card of the kind `user`. */
  readonly supportsUserNic: boolean;
  /** A network card of the kind `bridge`. */
  readonly supportsBridgeNic: boolean;
  /** A network card of the kind `tap`. */
  readonly supportsTapNic: boolean;
  /** Firmware of the kind `uefi`. */
  readonly supportsUefi: boolean;
  /** A launch from a snapshot. */
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

/** The name and features of a driver. */
export interface DriverWithFeatures {
  readonly name: string;
  readonly features: DriverFeatures;
}

/** Throws UNSUPPORTED_BY_DRIVER, naming the driver and the feature. */
export function assertSupported({ name, features }: DriverWithFeatures, feature: DriverFeature): void {
  if (features[feature]) return;
  throw new OperationError(
    'UNSUPPORTED_BY_DRIVER',
    `The driver "${name}" does not support ${described[feature]} (${feature}).`,
  );
}

/** The same for every feature that a VM needs. */
export function assertSpecSupported(driver: DriverWithFeatures, spec: VmSpec): void {
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
