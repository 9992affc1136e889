/** How an agent presents itself in QGA, and what it allows there. */
export interface QgaSettings {
  /** What guest-info says. Default: the version of qemu-ga whose commands these are. */
  readonly version?: string | undefined;
  /** The only commands that are allowed; undefined: all. */
  readonly allow?: readonly string[] | undefined;
  /** Commands that are not allowed, also if `allow` has them. */
  readonly block?: readonly string[] | undefined;
  /** Milliseconds until a freeze ends by itself; 0: never. Default: 600,000. */
  readonly freezeLeaseMs?: number | undefined;
  /** A program to run before every freeze, with "freeze", and after its thaw, with "thaw". */
  readonly freezeHook?: string | undefined;
}

/** The version of qemu-ga that the answers are like. */
export const qgaVersion = '10.2.2';
export const defaultFreezeLeaseMs = 600_000;
