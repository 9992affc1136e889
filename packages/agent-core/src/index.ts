export { type Agent, createAgent } from './agent.ts';
export { defaultConfigPath, loadSettings } from './config/load-settings.ts';
export { diagnose } from './doctor/diagnose.ts';
export type { Finding } from './doctor/finding.ts';
export type * from './freezer.ts';
export type * from './host.ts';
export { HostError, hasErrno, isHostError } from './host-error.ts';
export { AgentLog } from './log/agent-log.ts';
