/**
 * A byte stream between a node and an agent. It guarantees order and nothing else: a successful write is no proof of
 * delivery, bytes of an earlier peer may arrive first, and neither side may notice that the other disconnected
 * (docs/protocol/native.md).
 */
export interface Channel extends AsyncDisposable {
  /** For logs: "virtio:org.innkeeper.agent.0", "unix:/run/…". */
  readonly name: string;
  /**
   * Resolves to the next bytes as they arrive; `undefined` once the peer is known to have disconnected. One reader at a
   * time. The view is valid until the next call of `read`: copy what must outlive it.
   * Rejects with the signal's reason on abort, without losing bytes.
   */
  read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined>;
  /**
   * Resolves when the transport has taken all bytes; until then the caller must not change them, and other writes
   * wait. Rejects when the transport is closed.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Idempotent. A pending read resolves `undefined`, a pending write rejects. */
  close(): Promise<void>;
}
