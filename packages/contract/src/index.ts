export {
  type AgentAddress,
  type AgentDialect,
  agentDialects,
  defaultLibvirt,
  defaultVsockPort,
  formatAgentAddress,
  namesDialect,
  parseAgentAddress,
} from './agent-address.ts';
export * from './errors/index.ts';
export { formatFileMode } from './format-file-mode.ts';
export { defaultProxmoxPort, formatHost, type ProxmoxAddress } from './proxmox-address.ts';
export { type FilterFieldName, filterFields, isFilterField } from './vm-filter/filter-fields.ts';
export {
  type ComparisonOperator,
  type FilterProblem,
  type NumberFieldName,
  type ParsedVmFilter,
  parseVmFilter,
  type TextFieldName,
  type VmCondition,
} from './vm-filter/parse-vm-filter.ts';
export {
  type AgentState,
  assertVmAction,
  isLiveVmState,
  isVmState,
  judgeVmAction,
  killedNote,
  legalVmActions,
  liveVmStates,
  type VmAction,
  type VmState,
  vmStates,
} from './vm-states.ts';
