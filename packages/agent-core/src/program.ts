/** The agent's own program, which another version can replace in the same process. Its children stay its children. */
export interface ProgramPort {
  /** Where it was started from. */
  readonly path: string;
  /** Ed25519. False also for a key or a signature of the wrong length. */
  verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /**
   * Ends this program; the one that is at `path` by then goes on in its place, on trial for `seconds`. If that cannot be
   * started, fails, or has not called `begin` in time, PATH.previous becomes PATH again and goes on. `state` is called at
   * the last moment. If it throws, this rejects and nothing was started: put the program back, and call `giveUp`.
   */
  handOver(seconds: number, state: () => Handover): Promise<void>;
  /** What an earlier program of this process handed over. Until `begin`, ends of children are not reported. */
  readonly handedOver: HandedOver | undefined;
  /** Everything was taken over; on trial: nothing brings the earlier program back any more. */
  begin(): void;
  /** Brings the earlier program back, if this one is on trial; otherwise ends this one, which init starts again. */
  giveUp(): void;
}

/** What a program hands over. */
export interface Handover {
  /** As JSON. */
  readonly value: object;
  /** Bytes that `value` refers to by their number. */
  readonly blobs: readonly Uint8Array[];
  /** Open files that stay open besides those of the channels. */
  readonly descriptors: readonly number[];
}

export interface HandedOver {
  readonly value: unknown;
  /** Whether this is a new version on trial; otherwise the one after it failed. */
  readonly isOnTrial: boolean;
  /** A copy. */
  blob(index: number): Uint8Array;
}

/** A process by what the kernel knows of it. A descriptor is -1 if it is closed. */
export interface ProcessHandle {
  readonly pid: number;
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}
