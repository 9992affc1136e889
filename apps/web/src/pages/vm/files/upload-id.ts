/** The properties that identify a local file. */
export interface UploadSource {
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
}

/**
 * Returns the same id for the same file and target, also after a reload, so that an interrupted upload resumes when the
 * file is chosen again. A changed file has another modification time, and so another id.
 */
export function uploadId(vm: string, path: string, { name, size, lastModified }: UploadSource): string {
  const text = [vm, path, name, size, lastModified].join('\0');
  return `web-${hash(text, 0x811c9dc5)}${hash(text, 0x01000193)}`;
}

/** A 53-bit hash in base 36; not cryptographic. */
function hash(text: string, seed: number): string {
  let high = seed ^ 0xdeadbeef;
  let low = seed ^ 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(36);
}
