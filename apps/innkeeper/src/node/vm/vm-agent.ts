import type { AgentLink, LinkState } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import {
  type System,
  SystemSchema,
  type Telemetry,
  TelemetrySchema,
  type Welcome,
  WelcomeSchema,
} from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { type AgentLifecycle, type AgentLifecycleEvent, agentOff, agentReduce } from '@innkeeper/hypervisor';
import { errorMessage, type Log } from '@innkeeper/kit';
import { GuestClock } from './guest-clock.ts';
import { sanitizeReport } from './sanitize-report.ts';

const systemTimeoutMs = 10_000;
const clockTimeoutMs = 5_000;

/** The state and last report of a VM's agent, from the VM's start to its end. */
export class VmAgent {
  readonly #log: Log;
  readonly #onChange: (what: 'state' | 'telemetry' | 'system') => void;
  #state: AgentLifecycle = agentOff;
  #link: AgentLink | undefined;
  /** Aborts everything that belongs to the link of one start. */
  #abort = new AbortController();
  welcome: Welcome | undefined;
  system: System | undefined;
  /** The last report; undefined unless the agent is connected, since an old report says nothing about the present. */
  telemetry: Telemetry | undefined;
  /** When the last report arrived, also while the agent is lost. */
  telemetryMs: number | undefined;
  #clock: GuestClock | undefined;
  /** The address reported by a guest without Innkeeper's agent; empty if none. */
  reportedAddress = '';
  /** The time of the last change of state. */
  sinceMs = Date.now();

  constructor(options: { readonly log: Log; readonly onChange: (what: 'state' | 'telemetry' | 'system') => void }) {
    this.#log = options.log;
    this.#onChange = options.onChange;
  }

  get state(): AgentLifecycle {
    return this.#state;
  }

  /** Guest clock minus node clock at the last report; undefined unless the agent is connected. */
  get clockOffsetNs(): bigint | undefined {
    return this.telemetry === undefined ? undefined : this.#clock?.offsetNs;
  }

  /** The clock was just set, to `targetNs` from the node's. */
  noteClock(set: { readonly targetNs: bigint; readonly residualNs: bigint }): void {
    this.#clock?.noteSet(set);
    this.#onChange('system');
  }

  get link(): AgentLink | undefined {
    return this.#link;
  }

  /** The link for a guest method. Fails with AGENT_UNREACHABLE when the agent is not connected. */
  requireLink(vmName: string): AgentLink {
    if (this.#link === undefined) throw new OperationError('VM_NOT_RUNNING', `The VM "${vmName}" is not running.`);
    if (this.#state.state === 'connected') return this.#link;
    const why = {
      off: 'the VM is not running',
      waiting: 'it has not connected since the VM started',
      connected: '',
      lost: this.#state.detail || 'it stopped answering',
      paused: 'the VM is paused',
      absent: this.#state.detail || 'the image has no agent',
    }[this.#state.state];
    throw new OperationError('AGENT_UNREACHABLE', `The agent of "${vmName}" does not answer: ${why}`);
  }

  /** The VM starts: discards everything from earlier starts. */
  begin(
    link: AgentLink,
    absence: { readonly reason: string; readonly detail: string } | undefined,
    { mayStepClock }: { readonly mayStepClock: boolean },
  ): void {
    this.#link = link;
    this.#abort = new AbortController();
    this.#dispatch({ type: 'vm-started', absence });
    const clock = new GuestClock({
      adjust: mayStepClock ? (stepNs) => adjustClock(link, stepNs, this.#abort.signal) : undefined,
      nowNs: () => BigInt(Date.now()) * 1_000_000n,
      log: this.#log,
      onChange: () => this.#onChange('system'),
    });
    this.#clock = clock;
    link.onState((state) => this.#onLinkState(link, state));
    link.onTelemetry((telemetry) => {
      if (this.#link !== link || this.#state.state !== 'connected') return;
      this.telemetry = sanitizeReport(TelemetrySchema, telemetry);
      this.telemetryMs = Date.now();
      void clock.compare(telemetry.wallTimeUnixNs);
      this.#onChange('telemetry');
    });
    this.#onLinkState(link, link.state);
  }

  /** The VM was paused, resumed or reset. */
  tell(event: Extract<AgentLifecycleEvent, { type: 'vm-paused' | 'vm-resumed' | 'vm-reset' }>): void {
    this.#dispatch(event);
  }

  /** The guest reported its address. */
  reportAddress(address: string): void {
    if (address === this.reportedAddress) return;
    this.reportedAddress = address;
    this.#onChange('system');
  }

  /** The VM ended, or the daemon releases it. */
  async end(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#abort.abort(new OperationError('VM_NOT_RUNNING', 'The VM ended.'));
    this.welcome = undefined;
    this.system = undefined;
    this.telemetry = undefined;
    this.telemetryMs = undefined;
    this.reportedAddress = '';
    this.#dispatch({ type: 'vm-ended' });
    await link?.[Symbol.asyncDispose]();
  }

  #onLinkState(link: AgentLink, state: LinkState): void {
    if (this.#link !== link) return;
    if (state.state === 'lost') this.#dispatch({ type: 'lost', detail: state.reason });
    if (state.state !== 'connected') return;
    this.welcome = sanitizeReport(WelcomeSchema, state.welcome);
    this.#dispatch({ type: 'connected' });
    void this.#fetchSystem(link);
  }

  async #fetchSystem(link: AgentLink): Promise<void> {
    try {
      const system = await link.call(
        TelemetryServiceLite.getSystem,
        {},
        { signal: this.#abort.signal, timeoutMs: systemTimeoutMs },
      );
      if (this.#link !== link) return;
      this.system = sanitizeReport(SystemSchema, system);
      this.#onChange('system');
    } catch (error) {
      // It disconnected again; the next connection repeats this.
      this.#log.debug('agent.system-not-read', { message: errorMessage(error) });
    }
  }

  #dispatch(event: AgentLifecycleEvent): void {
    const before = this.#state;
    this.#state = agentReduce(before, event);
    if (this.#state.state !== before.state) this.sinceMs = Date.now();
    if (this.#state.state !== 'connected') this.telemetry = undefined;
    if (this.#state !== before) this.#onChange('state');
  }
}

async function adjustClock(link: AgentLink, stepNs: bigint, signal: AbortSignal): Promise<bigint> {
  const { wallTimeUnixNs } = await link.call(
    TelemetryServiceLite.adjustClock,
    { stepNs },
    { signal, timeoutMs: clockTimeoutMs },
  );
  return wallTimeUnixNs;
}
