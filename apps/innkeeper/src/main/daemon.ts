import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAdoptedLink, createAgentLink } from '@innkeeper/agent-client';
import { AdoptedDriver, driversByName, manageDriver, QemuDriver } from '@innkeeper/hypervisor';
import * as images from '@innkeeper/images';
import { findAgentBinary } from '@innkeeper/images';
import type { Log } from '@innkeeper/kit';
import { type OpenStoreOptions, openStore } from '@innkeeper/store';
import { Access } from '../access/access.ts';
import { ApiServer } from '../api/api-server.ts';
import { RemoteWrite } from '../api/metrics/remote-write.ts';
import { closeCoalesced, closeInterrupted, nodeWriter } from '../audit/interrupted.ts';
import { version } from '../edge/version.ts';
import { adoptData } from '../node/data/adopt-data.ts';
import { makeDataFolder } from '../node/data/data-folder.ts';
import { checkFilesOfVms } from '../node/data/vms-without-files.ts';
import { keepKnown } from '../node/fleet/known-nodes.ts';
import { History } from '../node/history/history.ts';
import { recordNode } from '../node/history/record-node.ts';
import { createLocalNode } from '../node/local-node.ts';
import { Node } from '../node/node.ts';
import { OperationRunner } from '../node/operations/operation-runner.ts';
import { createRunManager } from '../node/runs/create-run-manager.ts';
import { TerminalManager } from '../node/terminals/terminal-manager.ts';
import { openUpdateKey } from '../node/updates/update-key.ts';
import { autostartVms, readHostBootId } from '../node/vm/autostart.ts';
import { assertDatabaseThere, claimData } from './claim-data.ts';
import type { ServeSettings } from './command-line.ts';
import { listenForControlPlanes } from './control-listener.ts';
import { chooseGuestPort, guestAddressOf } from './guest-port.ts';
import { listenOnTcp, type WebAddress } from './listen-on-tcp.ts';
import { listenPrivately } from './listen-privately.ts';
import { takeLock } from './lock.ts';
import { StopStack, type UnfinishedPart } from './stop-stack.ts';
import { stopTerms } from './stop-terms.ts';

export interface Daemon extends AsyncDisposable {
  readonly node: Node;
  readonly socketPath: string;
  /** The addresses for control planes, as given to them with --node. */
  readonly controlAddresses: readonly string[];
  /** Undefined without a TCP port. */
  readonly web: WebAddress | undefined;
  /** Logs the first administrator in once; undefined without a TCP port. */
  readonly loginPath: string | undefined;
  /** What did not stop in time; known once the daemon was disposed of. */
  readonly unfinished: readonly UnfinishedPart[];
}

/**
 * Brings everything up, in the order lock, database, VMs that run, socket. Fails with DATA_FOLDER_IN_USE. Disposing of
 * it interrupts operations and lets go of the VMs, which run on; it takes less than 10 s, whatever hangs.
 */
export async function startDaemon(settings: ServeSettings, log: Log): Promise<Daemon> {
  await using stack = new StopStack(log);
  let stopping: StopStack = stack;
  const folder = await makeDataFolder(settings.dataPath);
  const lock = takeLock(folder.lock);
  // What is still at work after its time keeps the folder until the process ends.
  stack.defer(() => stopping.unfinished.length === 0 && lock[Symbol.dispose](), stopTerms.lock);
  const databaseAddress = settings.databaseAddress ?? folder.database;
  await assertDatabaseThere(databaseAddress, folder, settings.adoptData);
  const store = stack.use(await openStore(databaseAddress, storeOptions(log)), stopTerms.store);
  const nodeId = await claimData(folder, store, settings.adoptData);
  if (settings.adoptData) await adoptData({ folder, store, nodeId, log });
  await checkFilesOfVms({ folder, store, log, mayAdopt: settings.adoptData });
  const agentBinary = await findAgentBinary(settings.agentBinaryPath);
  if (agentBinary === undefined) log.warn('agent.binary-missing', { path: settings.agentBinaryPath });
  const updateKey = await openUpdateKey(folder.updateKey);
  const guestPort = await chooseGuestPort(folder.guestPort);
  const qemu = manageDriver(new QemuDriver({ log, guestPort: () => guestPort }));
  const drivers = driversByName(qemu, manageDriver(new AdoptedDriver()));
  const links = { createAgentLink, createAdoptedLink };
  const operations = new OperationRunner({ store, log, nodeId });
  const hostBootId = await readHostBootId();
  const node = new Node(
    { nodeId, store, drivers, images, ...links, folder, agentBinary, updateKey, version, hostBootId, log },
    operations,
  );
  const history = stack.use(new History({ blocks: store.history, log }), stopTerms.history);
  stack.defer(recordNode(node, history, log), stopTerms.history);
  stack.defer(() => node.close(), stopTerms.vms);
  stack.defer(() => operations.close(), stopTerms.operations);
  await node.start();
  const access = stack.use(new Access({ store, log }), stopTerms.access);
  await closeInterrupted(store, { writer: nodeWriter.id }, log);
  await closeCoalesced(store, log);
  const localNode = createLocalNode(node);
  if (settings.remoteWrite !== undefined) {
    const vms = () => localNode.vms.list().map((vm) => vm.describe());
    stack.use(new RemoteWrite({ url: settings.remoteWrite, vms, log }), stopTerms.remoteWrite);
  }
  const runs = stack.use(createRunManager(localNode, store, log), stopTerms.runs);
  await runs.start();
  const place = { terminals: store.terminals, nodeId, oldFile: join(folder.path, 'terminals.json') };
  const terminals = stack.use(new TerminalManager({ vms: localNode.vms, log, place }), stopTerms.terminals);
  await terminals.start();
  const control = { node: localNode, access, history, runs, terminals, log, webFolder: settings.webFolder };
  const server = stack.use(new ApiServer(control), stopTerms.server);
  await listenPrivately(folder.socket, () => server.listen(folder.socket));
  stack.defer(() => rm(folder.socket, { force: true }), stopTerms.socket);
  await server.listenForGuests(guestAddressOf(guestPort)).catch((error: unknown) => {
    log.error('daemon.guest-port-taken', { port: guestPort, message: String(error) });
  });
  stack.use(await keepKnown(() => localNode.describe(), { store, log }), stopTerms.access);
  const { controlListener } = settings;
  const openedControl =
    controlListener === undefined
      ? undefined
      : stack.use(await listenForControlPlanes(server, controlListener, folder), stopTerms.socket);
  const web = settings.listen === undefined ? undefined : await listenOnTcp(server, settings.listen, folder);
  server.webUrl = web?.url ?? '';
  const loginPath = web === undefined ? undefined : await access.firstLoginPath();
  // Last: a daemon that cannot serve starts nothing.
  stack.use(autostartVms(node), stopTerms.autostart);
  stopping = stack.move();
  const controlAddresses = openedControl?.addresses ?? [];
  return {
    node,
    socketPath: folder.socket,
    controlAddresses,
    web,
    loginPath,
    get unfinished() {
      return stopping.unfinished;
    },
    [Symbol.asyncDispose]: () => stopping[Symbol.asyncDispose](),
  };
}

function storeOptions(log: Log): OpenStoreOptions {
  return { onIdleError: (error) => log.warn('database.connection-lost', { message: error.message }) };
}
