import type { Channel, Log } from '@innkeeper/kit';
import type { Detection } from '@innkeeper/wire';
import type { AgentConfig } from '../config/agent-config.ts';
import type { QgaSettings } from '../dialects/qga/qga-settings.ts';
import type { OperationTable } from '../dispatch.ts';
import type { FreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import type { PolicyMethod } from '../policy/guest-policy.ts';
import type { Identity } from '../system/identity.ts';
import type { ClockStepper } from './clock-step.ts';
import type { RootGrower } from './grow-root.ts';

/** The identity of an agent. */
export interface AgentIdentity {
  /** Id of the running kernel; the agent's instance id if the kernel has none. */
  readonly bootId: string;
  /** Different for each start of the agent. */
  readonly instance: string;
  /** Nanoseconds since the Unix epoch, by the guest's clock. */
  readonly startWallNs: bigint;
  /** Sorted names. */
  readonly capabilities: readonly string[];
  /** Those that the guest's policy turns off. */
  readonly denied: readonly string[];
}

/** Shared by all sessions of an agent. */
export interface AgentContext {
  readonly host: Host;
  readonly log: Log;
  readonly identity: AgentIdentity;
  readonly freeze: FreezeState;
  readonly clockStepper: ClockStepper;
  readonly rootGrower: RootGrower;
  readonly guestIdentity: Identity;
  /** The guest's settings; undefined: there are none. */
  readonly config: AgentConfig | undefined;
  /** Default: as a qemu-ga without any settings. */
  readonly qga?: QgaSettings | undefined;
  /** Whether a hello may change the guest's clock, names and size of the root. */
  readonly maySetUp: boolean;
  /** What the next program could not continue with: see Succession. */
  readonly unrepeatable: Set<{ readonly what: string }>;
  /** Why every call of a method is refused by the guest's policy; undefined: not every call is. */
  denial(method: PolicyMethod): string | undefined;
}

/** The context of one session. */
export interface ServingContext extends AgentContext {
  /** Bytes already read to detect the dialect; undefined if it was known. */
  readonly firstBytes: Uint8Array | undefined;
  /** Ends the session. A reason that is a string is sent to the peer if the dialect supports it. */
  readonly signal: AbortSignal;
}

/** A protocol that the agent speaks: docs/develop/add-a-dialect.md. */
export interface Dialect {
  readonly name: string;
  /**
   * Whether the first bytes of a fresh connection belong to this dialect. At most one dialect may return `yes` for the
   * same bytes, and none may return `more` for `detectionBytes` or more.
   */
  detects(firstBytes: Uint8Array): Detection;
  /** Serves one peer until it is known to have left or the signal is aborted. The channel stays the caller's. */
  serve(channel: Channel, table: OperationTable, context: ServingContext): Promise<void>;
}
