import { answerHealth, HealthProbe } from '../edge/health.ts';
import type { HttpApiContext } from './api-context.ts';

const probes = new WeakMap<object, HealthProbe>();

/** GET /healthz: whether this daemon's dependencies work, without any information about its VMs. */
export async function healthRoute({ gate, response }: Pick<HttpApiContext, 'gate' | 'response'>): Promise<void> {
  const { store } = gate.access;
  const probe = probes.get(store) ?? new HealthProbe(store);
  probes.set(store, probe);
  answerHealth(response, await probe.get());
}
