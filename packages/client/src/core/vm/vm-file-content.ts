/** The content of a file. A Blob is read while it is sent; in Node, `fs.openAsBlob` makes one from a file. */
export type VmFileContent = string | Uint8Array<ArrayBuffer> | Blob;

export interface WriteVmFileOptions {
  /** Permission bits. Default: those of the existing file, otherwise 0o644. */
  readonly mode?: number | undefined;
  /** Name or number. Default: the agent's user. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Create missing folders. */
  readonly parents?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the content as a Blob; text as UTF-8. */
export function blobOf(content: VmFileContent): Blob {
  return content instanceof Blob ? content : new Blob([content]);
}
