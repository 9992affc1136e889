/** What both kinds of packages are built from. */
export interface PackageSpec {
  /** The checkout. */
  readonly root: string;
  /** What is installed, as it lies below "/". It is not changed. */
  readonly tree: string;
  /** Where the package is written. */
  readonly output: string;
  /** "1.2.3". */
  readonly version: string;
  /** Of the package, for one version: "1". */
  readonly revision: string;
  /** Compress nothing: for tests. */
  readonly quick: boolean;
  /** The time of everything in it, in seconds since the epoch. */
  readonly timeSeconds: number;
}
