/** A guest in memory, for tests of the agent, of the node's side, and of drivers. Not part of the agent. */
export { createChannelPair } from './channel-pair.ts';
export { type FakeAgent, startFakeAgent } from './fake-agent.ts';
export { FakeConnection } from './fake-connection.ts';
export { FakeFiles } from './fake-files.ts';
export { FakeHost } from './fake-host.ts';
export { FakeNode, NodeCall } from './fake-node.ts';
export type { Program, ProgramContext } from './fake-program.ts';
export { loadServices } from './load-services.ts';
export { ManualClock, settle } from './manual-clock.ts';
export { realClock } from './real-clock.ts';
