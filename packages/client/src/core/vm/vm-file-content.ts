/** What a file is made of. A Blob is read as it is sent; in Node `fs.openAsBlob` makes one of a file. */
export type VmFileContent = string | Uint8Array<ArrayBuffer> | Blob;

export interface WriteVmFileOptions {
  /** Permission bits. Default: those of the file that is there, else 0o644. */
  readonly mode?: number | undefined;
  /** Name or number. Default: the agent's own. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Make missing folders. */
  readonly parents?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The content as a Blob; text as UTF-8. */
export function blobOf(content: VmFileContent): Blob {
  return content instanceof Blob ? content : new Blob([content]);
}
