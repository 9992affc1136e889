import type { DriverFeatures } from '../features.ts';

/** The features of this driver; QEMU itself has more. */
export const qemuFeatures: DriverFeatures = {
  supportsAgentPorts: true,
  supportsVsock: false,
  supportsPortState: true,
  supportsPause: true,
  supportsNetworkState: true,
  supportsSeveralDisks: true,
  // A VM has one namespace, with one pasta, for one card.
  supportsSeveralNics: false,
  supportsUserNic: true,
  supportsBridgeNic: false,
  supportsTapNic: false,
  supportsUefi: false,
  supportsSnapshots: false,
};
