import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentLink } from '@innkeeper/agent-client';
import { manageDriver } from '@innkeeper/hypervisor';
import { FakeDriver, type FakeDriverOptions } from '@innkeeper/hypervisor/fake';
import { silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { Access } from '../../access/access.ts';
import { makeDataFolder } from '../../daemon/data-folder.ts';
import { History } from '../../history/history.ts';
import { createVm } from '../../node/create-vm.ts';
import { fakeImageTools } from '../../node/fake/fake-image-tools.ts';
import { Node } from '../../node/node.ts';
import type { VmRunner } from '../../node/vm-runner.ts';
import { OperationRunner } from '../../operations/operation-runner.ts';
import { ApiServer } from '../api-server.ts';
import { createLocalNode } from '../local-node.ts';

/** The API over a node whose VMs are fake, and whose agents are what the test starts in them. */
export interface ServedApi extends AsyncDisposable {
  readonly socketPath: string;
  readonly node: Node;
  readonly driver: FakeDriver;
  /** Creates and starts a VM; resolves when its agent has answered, unless `agent` is false. */
  createVm(name: string, options?: { readonly agent?: boolean }): Promise<VmRunner>;
  /** Ends the server as when the daemon is killed and starts another one on the same socket and node. */
  restartServer(): Promise<void>;
}

const timeoutMs = 20_000;

export async function serveApi(options: FakeDriverOptions): Promise<ServedApi> {
  await using stack = new AsyncDisposableStack();
  const path = await mkdtemp(join(tmpdir(), 'innkeeper-api-'));
  stack.defer(() => rm(path, { recursive: true, force: true }));
  const folder = await makeDataFolder(path);
  const store = stack.use(await openStore(folder.database));
  const history = stack.use(new History({ blocks: store.history, log: silentLog }));
  const access = stack.use(new Access({ store, log: silentLog }));
  const driver = new FakeDriver(options);
  stack.use(driver.host);
  const operations = new OperationRunner({ store, log: silentLog });
  const node = new Node(
    {
      ...{ store, folder, version: '1.0.0', log: silentLog, createAgentLink },
      ...{ driver: manageDriver(driver), images: fakeImageTools() },
      agentBinary: { path: '/agent', version: '1.0.0', build: 'aaaa' },
    },
    operations,
  );
  stack.defer(() => node.close());
  stack.defer(() => operations.close());
  await node.start();
  const listen = async (): Promise<ApiServer> => {
    const server = new ApiServer({ node: createLocalNode(node), access, history, log: silentLog });
    await server.listen(folder.socket);
    return server;
  };
  let server = await listen();
  stack.defer(() => server[Symbol.asyncDispose]());
  const run = async (id: string): Promise<void> => {
    const { error } = await operations.finished(id, AbortSignal.timeout(timeoutMs));
    if (error !== null) throw new Error(error);
  };
  await run((await node.images.build('tiny', 'tiny', false)).id);
  const owned = stack.move();
  return {
    ...{ socketPath: folder.socket, node, driver },
    createVm: async (name, { agent = true } = {}) => {
      const wanted = { name, image: 'tiny', cpus: 1, memoryBytes: 0n, diskBytes: 0n, tags: {}, start: true };
      await run((await createVm(node, wanted)).id);
      const runner = node.get(name);
      const isHeard = (): boolean => runner.agent.state.state === 'connected';
      if (agent) await runner.until(isHeard, AbortSignal.timeout(timeoutMs));
      return runner;
    },
    restartServer: async () => {
      await server[Symbol.asyncDispose]();
      server = await listen();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
