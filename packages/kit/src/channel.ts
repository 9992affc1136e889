/**
 * A byte stream between a node and an agent. It promises order and nothing else: a write that succeeded proves nothing
 * about delivery, bytes of an earlier peer may come first, and neither side need notice that the other left
 * (docs/protocol/native.md).
 */
export interface Channel extends AsyncDisposable {
  /** For logs: "virtio:org.innkeeper.agent.0", "unix:/run/…". */
  readonly name: string;
  /**
   * The next bytes, as they arrive; `undefined` once the peer is known to have gone. One reader at a time.
   * The view is valid until the next call of `read`: copy what must outlive it.
   * Rejects with the signal's reason on abort; no byte is lost by that.
   */
  read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined>;
  /**
   * Resolves when the transport has taken all bytes; until then the caller must not change them and other writes wait
   * their turn. Rejects when the transport is gone.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Idempotent. A pending read resolves `undefined`, a pending write rejects. */
  close(): Promise<void>;
}
