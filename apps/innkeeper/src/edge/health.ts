import type { ServerResponse } from 'node:http';
import type { Store } from '@innkeeper/store';

export interface Health {
  /** "degraded": something that it needs does not answer. */
  readonly status: 'ok' | 'degraded';
  readonly database: 'ok' | 'unreachable';
  /** Of a control plane without a node of its own. */
  readonly node?: 'ok' | 'degraded' | 'unreachable';
}

/** Anybody may ask, so it is found out at most so often. */
const keptMs = 1_000;
const databaseTimeoutMs = 2_000;

/** Finds out whether what this program needs is there. */
export class HealthProbe {
  readonly #store: Store;
  readonly #askNode: (() => Promise<NonNullable<Health['node']>>) | undefined;
  #found: { readonly atMs: number; readonly health: Promise<Health> } | undefined;

  constructor(store: Store, askNode?: () => Promise<NonNullable<Health['node']>>) {
    this.#store = store;
    this.#askNode = askNode;
  }

  /** As it was within the last second. Never rejects. */
  get(): Promise<Health> {
    const nowMs = performance.now();
    if (this.#found === undefined || nowMs - this.#found.atMs > keptMs) {
      this.#found = { atMs: nowMs, health: this.#ask() };
    }
    return this.#found.health;
  }

  async #ask(): Promise<Health> {
    const [database, node] = await Promise.all([databaseHealth(this.#store), this.#askNode?.()]);
    const status = database === 'ok' && (node ?? 'ok') === 'ok' ? 'ok' : 'degraded';
    return { status, database, ...(node === undefined ? {} : { node }) };
  }
}

/**
 * 200 while people can be served: who is logged in sees which part does not answer. 503 without the database, since then
 * nobody is known.
 */
export function answerHealth(response: ServerResponse, health: Health): void {
  response.writeHead(health.database === 'ok' ? 200 : 503, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  response.end(`${JSON.stringify(health)}\n`);
}

async function databaseHealth(store: Store): Promise<Health['database']> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLate.reject(new Error('the database did not answer in time')), databaseTimeoutMs);
  try {
    await Promise.race([store.ping(), tooLate.promise]);
    return 'ok';
  } catch {
    // The reason is in the log of the failed call; here it would be public.
    return 'unreachable';
  } finally {
    clearTimeout(timer);
  }
}
