import type { AgentLink } from '@innkeeper/agent-client';
import type { DriverMap } from '@innkeeper/hypervisor';
import type { AgentBinary } from '@innkeeper/images';
import type { Channel, Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import type { DataFolder } from './data/data-folder.ts';
import type { ImageTools } from './images/image-tools.ts';

interface AgentLinkOptions {
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly identity: { readonly vmId: string; readonly vmName: string; readonly nodeVersion: string };
  readonly mayStepClock: boolean;
  readonly log: Log;
  readonly isPaused?: () => Promise<boolean>;
}

/** What a node is made of. Tests give fakes. */
export interface NodeContext {
  /** Stable id of the node: its data folder's. Rows of what it owns carry it. */
  readonly nodeId: string;
  readonly store: Store;
  /** A VM's row names its driver; the first is the one of new VMs. */
  readonly drivers: DriverMap;
  readonly images: ImageTools;
  readonly createAgentLink: (options: AgentLinkOptions) => AgentLink;
  readonly folder: DataFolder;
  /** Undefined when no agent was built: VMs are made without one, and say so. */
  readonly agentBinary: AgentBinary | undefined;
  readonly version: string;
  /** Which boot of the host this is: VMs that somebody stopped during it are not started by themselves. */
  readonly hostBootId: string;
  readonly log: Log;
}
