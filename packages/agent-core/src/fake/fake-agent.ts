import { type Log, silentLog } from '@innkeeper/kit';
import { type Agent, type AgentOptions, createAgent } from '../agent.ts';
import type { Clock } from '../host.ts';
import { AgentLog } from '../log/agent-log.ts';
import { createChannelPair } from './channel-pair.ts';
import { FakeHost } from './fake-host.ts';
import { FakeNode } from './fake-node.ts';
import type { ManualClock } from './manual-clock.ts';

/** An agent in a fake guest, with a node that has opened a native session: the set-up of most tests of operations. */
export interface FakeAgent<C extends Clock> {
  readonly host: FakeHost<C>;
  readonly agent: Agent;
  readonly node: FakeNode;
  /** The agent's own log, to which the fake one adds nothing itself. */
  readonly agentLog: AgentLog;
  /** Another node, on its own channel. */
  connect(): Promise<FakeNode>;
  /** Closes the channels, as when the program ends. */
  end(): void;
}

/**
 * @param host a prepared guest; default: a new one with a stopped clock
 * @param options those of the agent, and its log; default: it logs nothing
 */
export async function startFakeAgent<C extends Clock = ManualClock>(
  host: FakeHost<C> = new FakeHost<C>(),
  options: AgentOptions & { readonly log?: Log } = {},
): Promise<FakeAgent<C>> {
  const agentLog = new AgentLog(host.clock);
  const agent = createAgent(host, options.log ?? silentLog, undefined, { agentLog, ...options });
  const controller = new AbortController();
  const connect = async (): Promise<FakeNode> => {
    const [ours, theirs] = createChannelPair();
    agent.serveChannel(theirs, 'native', controller.signal).then(
      () => theirs.close(),
      () => theirs.close(),
    );
    const node = new FakeNode(ours);
    await node.hello();
    return node;
  };
  return { host, agent, agentLog, node: await connect(), connect, end: () => controller.abort() };
}
