import { HostError } from '@innkeeper/agent-core';

/** Whether a path leads to a file system of the kernel, which is never frozen. */
export function isOfKernel(path: string): boolean {
  return /^\/(?:proc|sys|dev)\//.test(path);
}

/**
 * While file systems are frozen, a write would stop the whole agent until the thaw. So everything that writes asks here
 * first, and fails instead.
 */
export class WriteHold {
  held = false;

  /** @throws HostError EFROZEN */
  check(call: string, path?: string): void {
    if (this.held && (path === undefined || !isOfKernel(path))) throw new HostError('EFROZEN', call, path);
  }
}
