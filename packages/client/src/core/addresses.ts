/** The path and query of a VM's files: `GET`, `HEAD` and `PUT`. */
export function filesUrl(vm: string, query: URLSearchParams): string {
  return `${vmUrl(vm)}/files?${query}`;
}

/** The path and query of a VM's archives. */
export function tarUrl(vm: string, query: URLSearchParams): string {
  return `${vmUrl(vm)}/tar?${query}`;
}

/** The path under which everything of a VM lies that is not a call. */
export function vmUrl(vm: string): string {
  return `/v1/vms/${encodeURIComponent(vm)}`;
}

/** Which of a run's output. */
export interface RunOutputOptions {
  /** Id or name; may be left out when the run has one target. */
  readonly vm?: string | undefined;
  /** Default: both, in the order in which they came. */
  readonly stream?: 'stdout' | 'stderr' | 'both' | undefined;
}

/** The path and query under which a run's output is downloaded. */
export function runOutputUrl(id: string, { vm, stream }: RunOutputOptions = {}): string {
  const query = new URLSearchParams({
    ...(vm === undefined ? {} : { vm }),
    ...(stream === undefined ? {} : { stream }),
  });
  return `/v1/runs/${encodeURIComponent(id)}/output${query.size === 0 ? '' : `?${query}`}`;
}
