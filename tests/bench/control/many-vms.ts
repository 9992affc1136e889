import { join } from 'node:path';
import { silentLog } from '@innkeeper/kit';
import { ApiServer } from '../../../apps/innkeeper/src/api/api-server.ts';
import { serveApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { FleetIndex } from '../../../apps/innkeeper/src/node/fleet/fleet-index.ts';
import { History } from '../../../apps/innkeeper/src/node/history/history.ts';
import { createLocalNode } from '../../../apps/innkeeper/src/node/local-node.ts';
import { FakeVms } from './fake-vms.ts';

/** The API over many simulated VMs whose agents report. */
export interface ManyVms extends AsyncDisposable {
  readonly vms: FakeVms;
  readonly socketPath: string;
}

/** Serves `count` VMs on a separate unix socket. */
export async function serveManyVms(count: number): Promise<ManyVms> {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await serveApi({}));
  const vms = new FakeVms(count);
  const local = createLocalNode(api.node);
  const source = {
    list: () => vms.list(),
    byId: (id: string) => vms.byId(id),
    onChange: (listener: (id: string) => void) => vms.onChange(listener),
  };
  const node = { ...local, vms: { ...local.vms, ...source }, fleet: stack.use(new FleetIndex(vms, '0.2.0')) };
  const history = stack.use(new History({ blocks: api.store.history, log: silentLog }));
  const server = stack.use(
    new ApiServer({ node, history, access: api.access, runs: api.runs, terminals: api.terminals, log: silentLog }),
  );
  const socketPath = join(api.socketPath, '..', 'bench.sock');
  await server.listen(socketPath);
  const owned = stack.move();
  return { vms, socketPath, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
