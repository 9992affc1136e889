import { HostError } from '@innkeeper/agent-core';

/** Runs in a helper: the result as text, or the errno. */
export function attempt(work: () => unknown): string {
  try {
    return JSON.stringify({ value: work() ?? null });
  } catch (error) {
    return JSON.stringify({ errno: error instanceof Error && 'errno' in error ? error.errno : 'EIO' });
  }
}

/** Returns a function that reads such a text: the result, or the errno as a HostError of this call. */
export function throwIfRefused(call: string): (text: string) => unknown {
  return (text) => {
    const { value, errno } = JSON.parse(text) as { value?: unknown; errno?: string };
    if (errno !== undefined) throw new HostError(errno, call);
    return value;
  };
}
