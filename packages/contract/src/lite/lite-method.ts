import type { DescMessage } from '@bufbuild/protobuf';
import type { LiteType } from './lite-type.ts';

/** What a layer must know of a method to carry, permit and dispatch it without knowing what it does. */
export interface LiteMethod<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> {
  /** As on the wire: "innkeeper.agent.v1.FileService/Read". */
  readonly name: string;
  readonly kind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';
  readonly input: LiteType<I>;
  readonly output: LiteType<O>;
  readonly whileFrozen: boolean;
  /** What becomes of its work when the session ends first. */
  readonly onDisconnect: 'stop' | 'detach';
  /** Carrying it out twice is as good as once, so that it may be asked again when a session was lost meanwhile. */
  readonly isRepeatable: boolean;
  /** What an agent must be capable of. */
  readonly capability: string;
  /** Milliseconds for an answer where the caller names none; 0: no limit. */
  readonly timeoutMs: number;
}
