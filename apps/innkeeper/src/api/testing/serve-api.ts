import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdoptedLink, createAgentLink } from '@innkeeper/agent-client';
import { AdoptedDriver, driversByName, manageDriver } from '@innkeeper/hypervisor';
import { FakeDriver, type FakeDriverOptions } from '@innkeeper/hypervisor/fake';
import { type ByArchitecture, hostArchitecture } from '@innkeeper/images';
import { type Log, silentLog } from '@innkeeper/kit';
import { openStore, type Store } from '@innkeeper/store';
import { Access } from '../../access/access.ts';
import type { AccessClock } from '../../access/access-clock.ts';
import type { EdgeListenOptions } from '../../edge/edge-server.ts';
import type { ListenerInfo } from '../../edge/web/listener-info.ts';
import { makeDataFolder } from '../../node/data/data-folder.ts';
import { fakeImageTools } from '../../node/fake/fake-image-tools.ts';
import { History } from '../../node/history/history.ts';
import { createLocalNode } from '../../node/local-node.ts';
import { Node } from '../../node/node.ts';
import { OperationRunner } from '../../node/operations/operation-runner.ts';
import { createRunManager } from '../../node/runs/create-run-manager.ts';
import type { RunManager } from '../../node/runs/run-manager.ts';
import { TerminalManager } from '../../node/terminals/terminal-manager.ts';
import { makeUpdateKey } from '../../node/updates/update-key.ts';
import { createVm } from '../../node/vm/create-vm.ts';
import type { VmRunner } from '../../node/vm/vm-runner.ts';
import { ApiServer } from '../api-server.ts';

/** The API over a node with fake VMs, in which a test starts the agents. */
export interface ServedApi extends AsyncDisposable {
  readonly socketPath: string;
  /** The daemon's data folder. */
  readonly folder: string;
  readonly node: Node;
  readonly driver: FakeDriver;
  readonly store: Store;
  readonly access: Access;
  readonly server: ApiServer;
  readonly runs: RunManager;
  readonly terminals: TerminalManager;
  /** Creates and starts a VM; resolves when its agent has connected, unless `agent` is false. */
  createVm(
    name: string,
    options?: { readonly agent?: boolean; readonly tags?: Record<string, string> },
  ): Promise<VmRunner>;
  /** Listens on a free port of 127.0.0.1 and resolves to "http://127.0.0.1:PORT". */
  listenTcp(options?: Partial<EdgeListenOptions>): Promise<string>;
  /** Ends the server as if the daemon were killed, and starts another one on the same socket and node. */
  restartServer(): Promise<void>;
}

const timeoutMs = 20_000;

export interface ServeApiOptions extends FakeDriverOptions {
  /** Default: a file that does not exist. */
  readonly agentPaths?: ByArchitecture<string>;
}

export interface ServeApiOptions extends FakeDriverOptions {
  readonly clock?: AccessClock;
  readonly log?: Log;
  readonly webFolder?: string;
}

const nodeId = 'api-node';
const loopback: ListenerInfo = { kind: 'tcp', isSecure: false, hosts: { isLoopback: true, names: [] } };

export async function serveApi({ clock, log = silentLog, webFolder, ...options }: ServeApiOptions): Promise<ServedApi> {
  await using stack = new AsyncDisposableStack();
  const path = await mkdtemp(join(tmpdir(), 'innkeeper-api-'));
  stack.defer(() => rm(path, { recursive: true, force: true }));
  const folder = await makeDataFolder(path);
  const store = stack.use(await openStore(folder.database));
  const history = stack.use(new History({ blocks: store.history, log: silentLog }));
  const access = stack.use(new Access({ store, log, ...(clock === undefined ? {} : { clock }) }));
  const driver = new FakeDriver(options);
  stack.use(driver.host);
  const operations = new OperationRunner({ store, log: silentLog, nodeId });
  const node = new Node(
    {
      store,
      folder,
      version: '1.0.0',
      hostBootId: 'boot',
      log: silentLog,
      createAgentLink,
      drivers: driversByName(manageDriver(driver), manageDriver(new AdoptedDriver())),
      createAdoptedLink,
      images: fakeImageTools(),
      nodeId,
      agentBinary: { paths: options.agentPaths ?? { [hostArchitecture]: '/agent' }, version: '1.0.0', build: 'aaaa' },
      updateKey: makeUpdateKey(),
    },
    operations,
  );
  stack.defer(() => node.close());
  stack.defer(() => operations.close());
  await node.start();
  const localNode = createLocalNode(node);
  const runs = stack.use(createRunManager(localNode, store, log));
  await runs.start();
  const terminals = stack.use(new TerminalManager({ vms: localNode.vms, log }));
  const listen = async (): Promise<ApiServer> => {
    const web = webFolder === undefined ? {} : { webFolder };
    const server = new ApiServer({ node: localNode, access, history, runs, terminals, log, ...web });
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
    socketPath: folder.socket,
    folder: folder.path,
    node,
    driver,
    store,
    access,
    runs,
    terminals,
    get server() {
      return server;
    },
    listenTcp: async (given = {}) => {
      const where = { host: '127.0.0.1', port: 0 };
      const port = await server.listenTcp({ where, listener: loopback, ...given });
      return `${given.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    },
    createVm: async (name, { agent = true, tags = {} } = {}) => {
      const wanted = { name, image: 'tiny', cpus: 1, memoryBytes: 0n, diskBytes: 0n, tags, start: true };
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
