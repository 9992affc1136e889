/** What came of an archive that was unpacked in a guest. */
export interface UnpackedTar {
  readonly bytes: number;
  readonly files: number;
  /** Devices and the like, which are not made; at most 100. The words are the archive's. */
  readonly skipped: readonly string[];
}
