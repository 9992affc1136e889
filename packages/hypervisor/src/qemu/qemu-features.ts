import type { DriverFeatures } from '../features.ts';

/** What this driver does with QEMU; QEMU itself could do more. */
export const qemuFeatures: DriverFeatures = {
  supportsAgentPorts: true,
  supportsVsock: false,
  supportsPortState: true,
  supportsPause: true,
  supportsNetworkState: true,
  supportsSeveralDisks: true,
  // One namespace, with one pasta, for the one card of a VM.
  supportsSeveralNics: false,
  supportsUserNic: true,
  supportsBridgeNic: false,
  supportsTapNic: false,
  supportsUefi: false,
  supportsSnapshots: false,
};
