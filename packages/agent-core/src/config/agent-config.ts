import type { CapabilityName } from '@innkeeper/contract/capabilities';
import type { QgaSettings } from '../dialects/qga/qga-settings.ts';
import type { ConfigProblem } from './parse-toml.ts';
import type { VsockPeers } from './vsock-peers.ts';

/** A rule of the policy with the line that it is in. */
export interface Rule<T> {
  readonly value: T;
  readonly line: number;
}

/** What the guest allows its host; a rule that is absent allows everything. */
export interface PolicyRules {
  /** Nothing in the guest is changed: no command, file, setting, freeze or shutdown. */
  readonly readOnly?: Rule<boolean> | undefined;
  /** Capabilities that are off, each with what belongs to it: "file" is all of "file.…". */
  readonly featuresOff?: Rule<readonly string[]> | undefined;
  /** All other capabilities are off, but telemetry. */
  readonly featuresOnly?: Rule<readonly string[]> | undefined;
  /** Folders outside of which no file is read, listed or watched, and no socket connected to. */
  readonly roots?: Rule<readonly string[]> | undefined;
  /** Folders outside of which nothing is written. Absent: as `roots`. */
  readonly writeRoots?: Rule<readonly string[]> | undefined;
  /** Paths of the only programs that may be started. */
  readonly commands?: Rule<readonly string[]> | undefined;
  /** The only TCP ports, ranges of them and unix sockets that a tunnel may connect to. */
  readonly tunnels?: Rule<readonly string[]> | undefined;
  /** Calls per minute, by capability or group; "all": of all that are privileged. */
  readonly rateLimits: ReadonlyMap<string, Rule<number>>;
}

/** The agent's configuration file: docs/operate/agent.md. */
export interface AgentConfig {
  readonly path: string;
  /** Not empty: the file is not followed, and the agent allows nothing but telemetry. */
  readonly problems: readonly ConfigProblem[];
  /** Milliseconds between reports where the host does not choose. Default 5000; 1 to 3600 s. */
  readonly telemetryIntervalMs?: number | undefined;
  /** Longest command of an AgentMessage host, in seconds, 1 to 86,400. Default: 300 unless it asks for more, up to a day. */
  readonly maxExecTimeoutSeconds?: number | undefined;
  /** Largest chunk of a file that an AgentMessage host reads, in bytes, 4096 to 1 MiB. Default 65,536, or as it asks. */
  readonly maxChunkBytes?: number | undefined;
  /** "auto", or the device of the only port to serve. */
  readonly devicePath?: string | undefined;
  /** Whose vsock connections are served. Default: the host's alone. */
  readonly vsockPeers?: VsockPeers | undefined;
  /** Where metrics are served over HTTP: "ADDRESS:PORT". Default: nowhere. */
  readonly httpAddress?: string | undefined;
  /** Whether whoever reaches that address may configure the guest's interfaces. Default: no. */
  readonly httpConfigureInterface?: boolean | undefined;
  /** The manager to which the guest's address is reported: "ADDRESS:PORT". Default: none. */
  readonly managerAddress?: string | undefined;
  /** The guest's own id at that manager. */
  readonly vmId?: string | undefined;
  /** Path of the VM's own token for that manager. Default: it is not asked for one. */
  readonly managerTokenFile?: string | undefined;
  /** For clients of QGA. */
  readonly qga?: QgaSettings | undefined;
  readonly policy: PolicyRules;
}

/** Capabilities that stay whatever the policy says: without them the guest would count as lost. */
export const alwaysOn: readonly CapabilityName[] = ['telemetry', 'telemetry.pressure', 'requests.parts'];
