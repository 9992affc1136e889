import { nodeHealth } from './node-health.ts';
import type { NodeLink } from './node-link.ts';

export interface NodeWatchOptions {
  /** Between two questions; default 5 s. */
  readonly intervalMs?: number;
  /** For an answer; default 5 s. */
  readonly timeoutMs?: number;
}

/** As often it may miss an answer before it is given up. */
const timeout = 2;

/**
 * Asks the node again and again whether it is there. A host that lost its power, or its network, ends no connection: when
 * it does not answer twice, all are aborted, so that callers get an error within 20 s and not after minutes.
 */
export function watchNode(
  link: NodeLink,
  { intervalMs = 5_000, timeoutMs = 5_000 }: NodeWatchOptions = {},
): Disposable {
  let missed = 0;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    missed = (await nodeHealth(link, timeoutMs)) === 'unreachable' ? missed + 1 : 0;
    if (missed >= timeout) link.breakOff();
  };
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    void ask().finally(() => {
      isAsking = false;
    });
  }, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
