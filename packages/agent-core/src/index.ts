export { type Agent, createAgent } from './agent.ts';
export type * from './freezer.ts';
export type * from './host.ts';
export { HostError, hasErrno, isHostError } from './host-error.ts';
export { AgentLog } from './log/agent-log.ts';
