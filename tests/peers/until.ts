import { setTimeout as delay } from 'node:timers/promises';

const timeoutMs = 30_000;

/** Polls another program until it answers; errors mean "not yet". The last one is the cause of a timeout. */
export async function until<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await delay(50);
  }
  throw new Error(`no answer within ${timeoutMs} ms`, { cause: last });
}
