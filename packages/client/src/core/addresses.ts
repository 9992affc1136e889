/** The path and query of a VM's files: `GET`, `HEAD` and `PUT`. */
export function filesUrl(vm: string, query: URLSearchParams): string {
  return `${vmUrl(vm)}/files?${query}`;
}

/** The path and query of a VM's archives. */
export function tarUrl(vm: string, query: URLSearchParams): string {
  return `${vmUrl(vm)}/tar?${query}`;
}

/** The path prefix of all HTTP routes and WebSockets of a VM. */
export function vmUrl(vm: string): string {
  return `/v1/vms/${encodeURIComponent(vm)}`;
}

/** Which part of a run's output to read. */
export interface RunOutputOptions {
  /** Id or name; may be omitted when the run has one target. */
  readonly vm?: string | undefined;
  /** Default: both, interleaved in order of arrival. */
  readonly stream?: 'stdout' | 'stderr' | 'both' | undefined;
}

/** The path and query from which to download a run's output. */
export function runOutputUrl(id: string, { vm, stream }: RunOutputOptions = {}): string {
  const query = new URLSearchParams({
    ...(vm === undefined ? {} : { vm }),
    ...(stream === undefined ? {} : { stream }),
  });
  return `/v1/runs/${encodeURIComponent(id)}/output${query.size === 0 ? '' : `?${query}`}`;
}
