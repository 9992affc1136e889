/** Where a file's bytes are: `GET`, `HEAD` and `PUT /v1/vms/{vm}/files`. */
export function filesAddress(vm: string, path: string, more: Readonly<Record<string, string>> = {}): string {
  return `/v1/vms/${encodeURIComponent(vm)}/files?${new URLSearchParams({ path, ...more })}`;
}

/** A folder as tar. */
export function tarAddress(vm: string, path: string): string {
  return `/v1/vms/${encodeURIComponent(vm)}/tar?${new URLSearchParams({ path })}`;
}
