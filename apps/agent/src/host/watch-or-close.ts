import * as host from 'host';

/**
 * Watches the first of these descriptors, which the caller has just opened. If that fails, for want of memory or of the
 * user's watches, all of them are closed and the error is thrown.
 */
export function watchOrClose(
  descriptors: readonly [number, ...number[]],
  events: number,
  callback: (events: number) => void,
): number {
  try {
    return host.watch(descriptors[0], events, callback);
  } catch (error) {
    for (const descriptor of descriptors) host.close(descriptor);
    throw error;
  }
}
