/** The path and query of a VM's files. */
export function filesUrl(vm: string, query: URLSearchParams): string {
  return `/v1/vms/${encodeURIComponent(vm)}/files?${query}`;
}

/** The path and query of a VM's archives. */
export function tarUrl(vm: string, query: URLSearchParams): string {
  return `/v1/vms/${encodeURIComponent(vm)}/tar?${query}`;
}
