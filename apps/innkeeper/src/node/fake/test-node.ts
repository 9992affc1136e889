import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdoptedLink } from '@innkeeper/agent-client';
import { AdoptedDriver, driversByName, type HypervisorDriver, manageDriver } from '@innkeeper/hypervisor';
import { FakeDriver, type FakeDriverOptions, FakeHost } from '@innkeeper/hypervisor/fake';
import { hostArchitecture } from '@innkeeper/images';
import { silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { type DataFolder, makeDataFolder } from '../data/data-folder.ts';
import type { ImageTools } from '../images/image-tools.ts';
import { Node } from '../node.ts';
import { OperationRunner } from '../operations/operation-runner.ts';
import { makeUpdateKey } from '../updates/update-key.ts';
import { FakeAgentLink } from './fake-agent-link.ts';
import { fakeImageTools } from './fake-image-tools.ts';

interface TestNodeOptions {
  readonly folder?: DataFolder;
  readonly driver?: FakeDriverOptions;
  /** Additional drivers; new VMs get the fake one. */
  readonly others?: readonly HypervisorDriver[];
  readonly images?: Partial<ImageTools>;
  /** Agents connect as soon as their VM runs. Default: true. */
  readonly agents?: boolean;
  /** Build id of the agent's binary. */
  readonly agentBuild?: string;
  /** Default: "first-boot". */
  readonly hostBootId?: string;
}

export interface TestNode {
  readonly node: Node;
  readonly operations: OperationRunner;
  /** The link of each VM's most recent start, by the VM's name. */
  readonly links: ReadonlyMap<string, FakeAgentLink>;
  /** Releases everything, as the daemon does on SIGTERM. */
  stop(): Promise<void>;
}

/** A folder that is removed after the test, and a fake host whose VMs outlive several successive nodes. */
export async function testHost(): Promise<AsyncDisposable & { readonly folder: DataFolder; readonly host: FakeHost }> {
  const path = await mkdtemp(join(tmpdir(), 'innkeeper-node-'));
  const host = new FakeHost();
  const folder = await makeDataFolder(path);
  return {
    folder,
    host,
    [Symbol.asyncDispose]: async () => {
      host[Symbol.dispose]();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** The key of every test node, as of successive daemons of one data folder. */
const updateKey = makeUpdateKey();

/** The id of every test node. */
export const testNodeId = 'test-node';

/** Starts a node over fakes. */
export async function startTestNode(
  folder: DataFolder,
  host: FakeHost,
  options: TestNodeOptions = {},
): Promise<TestNode> {
  const store = await openStore(folder.database);
  const operations = new OperationRunner({ store, log: silentLog, nodeId: testNodeId });
  const links = new Map<string, FakeAgentLink>();
  const context = {
    store,
    folder,
    version: '1',
    hostBootId: options.hostBootId ?? 'first-boot',
    log: silentLog,
    nodeId: testNodeId,
    drivers: driversByName(
      manageDriver(new FakeDriver({ ...options.driver, host })),
      manageDriver(new AdoptedDriver()),
      ...(options.others ?? []),
    ),
    images: fakeImageTools(options.images),
    createAgentLink: ({ identity }: { identity: { vmId: string; vmName: string } }) => {
      const link = new FakeAgentLink();
      links.set(identity.vmName, link);
      link.onShutdown = async () => host.machine(identity.vmId)?.pressPowerButton();
      if (options.agents ?? true) queueMicrotask(() => link.connect());
      return link;
    },
    createAdoptedLink,
    agentBinary: { paths: { [hostArchitecture]: '/agent' }, version: '1.2.3', build: options.agentBuild ?? 'aaaa' },
    updateKey,
  };
  const node = new Node(context, operations);
  await node.start();
  const stop = async (): Promise<void> => {
    await operations.close();
    await node.close();
    await store[Symbol.asyncDispose]();
  };
  return { node, operations, links, stop };
}
