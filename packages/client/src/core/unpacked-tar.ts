/** The result of unpacking an archive in a guest. */
export interface UnpackedTar {
  readonly bytes: number;
  readonly files: number;
  /** Entries that are not created, such as devices; at most 100. The names come from the archive and are untrusted. */
  readonly skipped: readonly string[];
}
