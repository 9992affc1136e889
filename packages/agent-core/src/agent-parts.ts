import type { Log } from '@innkeeper/kit';
import type { AgentConfig } from './config/agent-config.ts';
import type { FileHandles } from './file/file-handles.ts';
import type { PartialFolders } from './file/partial-folders.ts';
import type { GuestFreezeState } from './freeze-state.ts';
import type { Host } from './host.ts';
import type { AgentLog } from './log/agent-log.ts';
import type { NetworkChanges } from './network/network-changes.ts';
import type { GuestPolicy } from './policy/guest-policy.ts';
import type { ProcessRegistry } from './process/process-registry.ts';
import type { Succession } from './update/succession.ts';

/** What the services of an agent have in common. */
export interface AgentParts {
  readonly host: Host;
  readonly log: Log;
  /** What `log` has written, as far as it is kept. */
  readonly agentLog: AgentLog;
  readonly bootId: string;
  readonly freeze: GuestFreezeState;
  /** Aborted when the agent stops. */
  readonly stopping: AbortSignal;
  /** When the agent started, by the monotonic clock. */
  readonly startedMs: number;
  /** Path of the list of folders with partial files; undefined: there is none. */
  readonly partialFoldersPath: string | undefined;
  /** Made when first needed; undefined without a path. */
  partialFolders: PartialFolders | undefined;
  /** A program to run before every freeze and after its thaw, besides those in their folders. */
  readonly freezeHook: string | undefined;
  /** Path of the counter of file handles; undefined: it begins again with the agent. */
  readonly handleCounterPath: string | undefined;
  /** Made when first needed. */
  fileHandles: FileHandles | undefined;
  /** Path of the record of a change of the network that is not confirmed. */
  readonly networkRecordPath: string;
  /** Made when first needed. */
  network: NetworkChanges | undefined;
  /** Undefined until the first command. */
  registry: ProcessRegistry | undefined;
  /** Path of the keys that may sign a new agent. */
  readonly updateKeysPath: string;
  readonly succession: Succession;
  /** Undefined: the guest has no configuration file. */
  readonly config: AgentConfig | undefined;
  /** Undefined: the guest allows everything. */
  readonly policy: GuestPolicy | undefined;
}
