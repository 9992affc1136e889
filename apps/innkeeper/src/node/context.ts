import type { AdoptedLinkOptions, AgentLink } from '@innkeeper/agent-client';
import type { DriverMap } from '@innkeeper/hypervisor';
import type { AgentBinary } from '@innkeeper/images';
import type { Channel, Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import type { DataFolder } from './data/data-folder.ts';
import type { ImageTools } from './images/image-tools.ts';
import type { UpdateKey } from './updates/update-key.ts';

interface AgentLinkOptions {
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly identity: { readonly vmId: string; readonly vmName: string; readonly nodeVersion: string };
  readonly mayStepClock: boolean;
  readonly mayGrowRoot: boolean;
  readonly naming: { readonly maySetHostname: boolean; readonly freshIdentity: boolean };
  readonly log: Log;
  readonly isPaused?: () => Promise<boolean>;
}

/** The dependencies of a node. Tests pass fakes. */
export interface NodeContext {
  /** Stable id of the node, kept in its data folder. Rows that the node owns contain it. */
  readonly nodeId: string;
  readonly store: Store;
  /** Drivers by the name in a VM's row; the first one is for new VMs. */
  readonly drivers: DriverMap;
  readonly images: ImageTools;
  readonly createAgentLink: (options: AgentLinkOptions) => AgentLink;
  /** The link to the agent of a VM that somebody else runs. */
  readonly createAdoptedLink: (options: AdoptedLinkOptions) => AgentLink;
  readonly folder: DataFolder;
  /** Undefined when no agent was built: VMs are then created without one, and report that. */
  readonly agentBinary: AgentBinary | undefined;
  /** Signs the agents that guests are updated to. */
  readonly updateKey: UpdateKey;
  readonly version: string;
  /** The host's boot id: VMs that were stopped by a user during this boot are not started automatically. */
  readonly hostBootId: string;
  readonly log: Log;
}
