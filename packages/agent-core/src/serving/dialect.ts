import type { Channel, Log } from '@innkeeper/kit';
import type { Detection } from '@innkeeper/wire';
import type { OperationTable } from '../dispatch.ts';
import type { FreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import type { ClockStepper } from './clock-step.ts';

/** What an agent says of itself. */
export interface AgentIdentity {
  /** Of the running kernel; the agent's own instance where the kernel does not say. */
  readonly bootId: string;
  /** Another one each time the agent starts. */
  readonly instance: string;
  /** Nanoseconds since the Unix epoch, by the guest's clock. */
  readonly startWallNs: bigint;
  /** Sorted names. */
  readonly capabilities: readonly string[];
}

/** What all sessions of one agent share. */
export interface AgentContext {
  readonly host: Host;
  readonly log: Log;
  readonly identity: AgentIdentity;
  readonly freeze: FreezeState;
  readonly clockStepper: ClockStepper;
}

/** What one session is served with. */
export interface ServingContext extends AgentContext {
  /** Bytes that were read already to detect the dialect; undefined when it was known. */
  readonly firstBytes: Uint8Array | undefined;
  /** Ends the session. A string as its reason is said to the peer where the dialect has words for it. */
  readonly signal: AbortSignal;
}

/** One of the languages that the agent speaks: docs/develop/add-a-dialect.md. */
export interface Dialect {
  readonly name: string;
  /**
   * Whether the first bytes of a fresh connection are of this dialect. At most one dialect may say `yes` to the same
   * bytes, and none may say `more` to `detectionBytes` or more.
   */
  detects(firstBytes: Uint8Array): Detection;
  /** Serves one peer until it is known to have gone or the signal is aborted. The channel stays the caller's. */
  serve(channel: Channel, table: OperationTable, context: ServingContext): Promise<void>;
}
