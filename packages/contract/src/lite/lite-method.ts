import type { DescMessage } from '@bufbuild/protobuf';
import type { LiteType } from './lite-type.ts';

/** What a layer needs to know about a method to transport, authorize and dispatch its calls. */
export interface LiteMethod<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> {
  /** As on the wire: "innkeeper.agent.v1.FileService/Read". */
  readonly name: string;
  readonly kind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';
  readonly input: LiteType<I>;
  readonly output: LiteType<O>;
  readonly whileFrozen: boolean;
  /** What happens to a call when the session ends before it does. */
  readonly onDisconnect: 'stop' | 'detach';
  /** Whether it may be repeated after a lost session, since executing it twice has the same effect as once. */
  readonly isRepeatable: boolean;
  /** The capability that the agent must have. */
  readonly capability: string;
  /** Changes nothing in the guest. Absent: it does. */
  readonly onlyReads?: true;
  /** Requires more than the right to see the VM: the agent logs each call. Absent: it does not. */
  readonly isPrivileged?: true;
  /** Default timeout in milliseconds; 0: no limit. */
  readonly timeoutMs: number;
}
