import type { AgentLink } from '../../../agent-link.ts';
import { type AgentLinkOptions, createAgentLink } from '../create-agent-link.ts';
import { FakeLinkClock, settle } from './fake-link-clock.ts';
import { type ScriptedCall, ScriptedConnection } from './scripted-connection.ts';

/** A link and the agents it connects to, one connection after the other. For tests of the link. */
export class ScriptedAgent {
  readonly clock = new FakeLinkClock();
  readonly connections: ScriptedConnection[] = [];
  readonly link: AgentLink;
  /** Handles a new connection; default: sends a welcome. */
  onHello: (connection: ScriptedConnection) => void = (connection) => connection.welcome();
  onCall: ((call: ScriptedCall, connection: ScriptedConnection) => void) | undefined;
  /** Errors of the next attempts to open a connection. */
  readonly refusals: Error[] = [];

  constructor(options: Partial<AgentLinkOptions> = {}) {
    this.link = createAgentLink({
      connect: async () => this.#connect(),
      identity: { vmId: 'id', vmName: 'vm', nodeVersion: '1' },
      mayStepClock: false,
      clock: this.clock,
      telemetryIntervalMs: 0,
      ...options,
    });
  }

  /** The open or latest connection. */
  get connection(): ScriptedConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('There was no connection.');
    return last;
  }

  /** The last call of the last connection. */
  get call(): ScriptedCall {
    const last = this.connection.calls.at(-1);
    if (last === undefined) throw new Error('There was no call.');
    return last;
  }

  /** Breaks the connection and waits for the next one. */
  async reconnect(): Promise<void> {
    this.connection.hangUp();
    await this.clock.advance(200);
  }

  async dispose(): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await settle();
  }

  #connect(): ScriptedConnection {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    const connection = new ScriptedConnection();
    connection.onHello = (opened) => this.onHello(opened);
    connection.onCall = (call, opened) => this.onCall?.(call, opened);
    this.connections.push(connection);
    return connection;
  }
}
