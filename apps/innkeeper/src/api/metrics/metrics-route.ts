import { viewerOf } from '../../access/viewer-of.ts';
import { version } from '../../edge/version.ts';
import type { HttpExchange } from '../exchange.ts';
import { Metrics } from './metrics.ts';

let metrics: Metrics | undefined;

/** GET /metrics: the platform, and the VMs that the asker may see, in Prometheus' text form. */
export async function metricsRoute({ node, pass, response }: HttpExchange): Promise<void> {
  // Made at the first question: it watches the event loop from then on.
  metrics ??= new Metrics({ version });
  const viewer = viewerOf(pass);
  const vms = node.vms.list().map((vm) => vm.describe());
  const text = await metrics.render(vms.filter((vm) => viewer.sees(vm)));
  response.writeHead(200, { 'content-type': metrics.contentType });
  response.end(text);
}
