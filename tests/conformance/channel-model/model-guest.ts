import { type AgentLink, createAgentLink } from '@innkeeper/agent-client';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, loadServices } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { EventClock } from './event-clock.ts';
import { type Cut, PortModel } from './port-model.ts';

await loadServices();

/** A guest's machine, created once for many agents, since that takes longer than an exchange. */
export interface ModelMachine {
  readonly clock: EventClock;
  readonly host: FakeHost<EventClock>;
}

/** Innkeeper's agent in a fake guest, the node's link to it, and the port between them. */
export interface ModelGuest extends ModelMachine, AsyncDisposable {
  readonly port: PortModel;
  readonly link: AgentLink;
}

export function createModelMachine(): ModelMachine {
  const clock = new EventClock();
  return { clock, host: new FakeHost({ clock }) };
}

export function startModelGuest(cut?: Cut, machine = createModelMachine()): ModelGuest {
  const { clock, host } = machine;
  const port = new PortModel(cut);
  const stop = new AbortController();
  const agent = createAgent(host, silentLog);
  const serving = agent.serveChannel(port.agentEnd, 'native', stop.signal);
  const link = createAgentLink({
    connect: () => port.attach(),
    identity: { vmId: 'm', vmName: 'm', nodeVersion: '1' },
    mayStepClock: false,
    clock,
    telemetryIntervalMs: 0,
  });
  return {
    clock,
    host,
    port,
    link,
    [Symbol.asyncDispose]: async () => {
      await clock.run(link[Symbol.asyncDispose]());
      port.stopAgent();
      stop.abort();
      await serving;
      await clock.run(agent.stop('the exchange is over'));
    },
  };
}
