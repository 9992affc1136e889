import { viewerOf } from '../../access/viewer-of.ts';
import { version } from '../../edge/version.ts';
import type { HttpApiContext } from '../api-context.ts';
import { Metrics } from './metrics.ts';

let metrics: Metrics | undefined;

/** GET /metrics: metrics of the platform and of the VMs that the caller may see, in Prometheus' text format. */
export async function metricsRoute({ node, call, response }: HttpApiContext): Promise<void> {
  // Created at the first request; it monitors the event loop from then on.
  metrics ??= new Metrics({ version });
  const viewer = viewerOf(call);
  const vms = node.vms.list().map((vm) => vm.describe());
  const text = await metrics.render(vms.filter((vm) => viewer.sees(vm)));
  response.writeHead(200, { 'content-type': metrics.contentType });
  response.end(text);
}
