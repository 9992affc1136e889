import type { Target } from '../build-agent/targets.ts';

/** The inputs of all kinds of packages. */
export interface PackageSpec {
  /** The checkout. */
  readonly root: string;
  /** The tree of installed files, relative to "/". It is not modified. */
  readonly tree: string;
  /** Output folder. */
  readonly output: string;
  /** The architecture of its programs. */
  readonly target: Target;
  /** "1.2.3". */
  readonly version: string;
  /** Revision of the package of one version: "1". */
  readonly revision: string;
  /** No compression, for tests. */
  readonly quick: boolean;
  /** The timestamp of everything in the package, in seconds since the epoch. */
  readonly timeSeconds: number;
}
