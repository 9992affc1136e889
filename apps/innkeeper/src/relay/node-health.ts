import type { IncomingMessage } from 'node:http';
import type { NodeLink } from './node-link.ts';
import { nodeUnreachable } from './node-unreachable.ts';

const defaultTimeoutMs = 3_000;

/** Whether the node answers, and is well. Never rejects. */
export async function nodeHealth(
  link: NodeLink,
  timeoutMs: number = defaultTimeoutMs,
): Promise<'ok' | 'degraded' | 'unreachable'> {
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = link.request('GET', '/healthz', {});
      request.once('response', (response: IncomingMessage) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.once('error', reject);
      request.setTimeout(timeoutMs, () => request.destroy(new Error('the node did not answer in time')));
      request.end();
    });
    link.note(true);
    return status === 200 ? 'ok' : 'degraded';
  } catch (error) {
    nodeUnreachable(link, error);
    return 'unreachable';
  }
}
