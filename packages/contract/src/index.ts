export * from './errors/index.ts';
export {
  type AgentState,
  assertVmAction,
  isLiveVmState,
  isVmState,
  judgeVmAction,
  legalVmActions,
  liveVmStates,
  type VmAction,
  type VmState,
  vmStates,
} from './vm-states.ts';
