/** protobuf-es schemas and types of the control plane's public API. */

export { isOutdatedVersion } from './agent-update.ts';
export { clockOffText, isClockOff } from './clock-offset.ts';
export * from './gen/control/v1/access_pb.ts';
export * from './gen/control/v1/adopt_pb.ts';
export * from './gen/control/v1/audit_pb.ts';
export * from './gen/control/v1/history_pb.ts';
export * from './gen/control/v1/image_pb.ts';
export * from './gen/control/v1/live_pb.ts';
export * from './gen/control/v1/node_pb.ts';
export * from './gen/control/v1/operation_pb.ts';
export * from './gen/control/v1/run_pb.ts';
export * from './gen/control/v1/terminal_pb.ts';
export * from './gen/control/v1/vm_agent_pb.ts';
export * from './gen/control/v1/vm_pb.ts';
export {
  agentBootMs,
  isOutdated,
  isSilent,
  mountPercent,
  type VmFigures,
  vmFigures,
} from './vm-figures.ts';
export { agentStateName, panickedWord, suspendedWord, vmStateName, vmStateWord } from './vm-names.ts';
