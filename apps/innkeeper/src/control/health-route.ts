import { answerHealth, HealthProbe } from './health.ts';
import type { HttpExchange, HttpRoute } from './http-route.ts';

const probes = new WeakMap<object, HealthProbe>();

/** GET /healthz: whether what this daemon needs is there, without a word about its VMs. */
async function run({ gate, response }: Pick<HttpExchange, 'gate' | 'response'>): Promise<void> {
  const { store } = gate.access;
  const probe = probes.get(store) ?? new HealthProbe(store);
  probes.set(store, probe);
  answerHealth(response, await probe.get());
}

/** Open to everybody: load balancers have no user. */
export const healthRoute: HttpRoute = { method: 'GET', path: '/healthz', privilege: 'public', run };
