import type { OperationError } from '@innkeeper/contract/errors';
import type { MethodRules } from '../dispatch.ts';
import type { Host } from '../host.ts';

/** What of a method decides whether it is allowed. */
export type PolicyMethod = Pick<MethodRules, 'name' | 'capability' | 'onlyReads'>;

/** What the guest allows its host. Made once, at the start of the agent, from its configuration file. */
export interface GuestPolicy {
  /** Capabilities that are off, with the reason. */
  readonly denied: ReadonlyMap<string, string>;
  /** Whether a hello may set the clock, the host name and the machine's identity, and grow the root. */
  readonly maySetUp: boolean;
  /** The error of every call of a method that is not allowed, whatever its arguments and the rates. */
  denial(method: PolicyMethod): OperationError | undefined;
  /** The error of a call that is not allowed, also by a rate, for which it counts. */
  refusal(method: MethodRules): OperationError | undefined;
  /**
   * The same host; its files, ports and unix sockets only where the policy allows.
   * @param keysPath of the keys that may sign a new agent, which the host must not change
   */
  limitHost(host: Host, keysPath: string): Host;
  /** Undefined: any command may be started. */
  readonly commands: CommandRule | undefined;
}

/** Which programs may be started, and how. */
export interface CommandRule {
  /** @throws OperationError DENIED_BY_GUEST_POLICY for a variable that could have a program run another one */
  checkEnvironment(variables: Readonly<Record<string, string>>): void;
  /**
   * The first of these paths that exists, with its folder's links resolved.
   * @throws OperationError DENIED_BY_GUEST_POLICY unless that one is allowed
   */
  programOf(host: Host, paths: readonly string[]): string;
}
