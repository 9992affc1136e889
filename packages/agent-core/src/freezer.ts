/** A file system to freeze. */
export interface FreezeTarget {
  readonly mountPoint: string;
  /** Numbers that the device of its files must have; undefined: not checked. */
  readonly device: { readonly major: number; readonly minor: number } | undefined;
}

/** A report of the helper that freezes. `target` is an index of its list, `errno` undefined for success. */
export type FreezerReport =
  | { readonly kind: 'opened' | 'frozen' | 'thawed'; readonly target: number; readonly errno: string | undefined }
  /** Caches are written back; freezing begins. */
  | { readonly kind: 'synced' }
  /** All are frozen or refused, and the lease has begun. */
  | { readonly kind: 'held' }
  | { readonly kind: 'renewed'; readonly leaseMs: number }
  /** The last report: all are thawed. "lost": the helper was killed, so they are not. */
  | { readonly kind: 'ended'; readonly by: FreezeEnd };

export type FreezeEnd = 'thaw' | 'lease' | 'agent' | 'signal' | 'timeout' | 'lost';

/** A process that freezes file systems, holds the lease's clock and thaws, whatever happens to the agent. */
export interface FreezerHelper {
  onReport(callback: (report: FreezerReport) => void): void;
  /** The lease ends this long from now. Ignored when it has ended already. */
  renew(leaseMs: number): void;
  thaw(): void;
}

export interface Freezer {
  /** Freezes in this order, and thaws in reverse. */
  start(
    targets: readonly FreezeTarget[],
    times: { readonly syncMs: number; readonly freezeMs: number; readonly leaseMs: number },
  ): FreezerHelper;
  /** FITHAW, in a helper with a deadline; false if it was not frozen. */
  thaw(mountPoint: string, timeoutMs: number): Promise<boolean>;
  /** FITRIM, in a helper with a deadline: the trimmed bytes. */
  trim(mountPoint: string, minimumBytes: number, timeoutMs: number): Promise<number>;
  /** "major:minor" of the device that holds the image of a loop device, by its path in /dev. */
  loopBase(path: string): string;
  /** While held, what would write to a disk fails with EFROZEN instead of waiting for the thaw. */
  holdWrites(held: boolean): void;
}
