export { AdoptedDriver } from './adopted/adopted-driver.ts';
export { adoptedRecord } from './adopted/adopted-record.ts';
export { type AgentLifecycle, type AgentLifecycleEvent, agentOff, agentReduce } from './agent-lifecycle.ts';
export {
  ConsoleHistory,
  type ConsoleHistoryView,
  consoleHeadBytes,
  consoleTailBytes,
} from './console-history.ts';
export * from './driver.ts';
export type { DriverFeature, DriverFeatures } from './features.ts';
export {
  defaultStopTimeoutMs,
  type FoundProcess,
  isPanicked,
  isSuspended,
  killRetryMs,
  panicText,
  type StopStep,
  storedLifecycle,
  suspendedText,
  type VmEffect,
  type VmLifecycle,
  type VmLifecycleEvent,
  type VmTransition,
  vmReduce,
} from './lifecycle.ts';
export { manageDriver } from './managed-driver.ts';
export { QemuDriver, type QemuDriverOptions } from './qemu/driver.ts';
export { guestHostAddress } from './qemu/user-network.ts';
export { parseVmRecord, type VmRecord } from './vm-record.ts';
export type { Disk, Firmware, Nic, Snapshot, VmSpec } from './vm-spec.ts';
