import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type {
  CpuSchema,
  FileInfo,
  OpenWriteSchema,
  ProcessSpecSchema,
  ReadFileRequestSchema,
  SystemSchema,
  TelemetrySchema,
} from '@innkeeper/contract/agent';
import type { CapabilityName } from '@innkeeper/contract/capabilities';

/** The dialects of agents that are not Innkeeper's, as `dialect=` names them. */
export type ForeignDialect = 'qga' | 'json-frames' | 'agent-message' | 'http';

/** What an agent says about itself and its guest when it is found. */
export interface ForeignFacts {
  /** The agent's name and version, such as "qemu-ga 7.2.22". */
  readonly version: string;
  /** What of the table of capabilities it can do. */
  readonly capabilities: readonly CapabilityName[];
  /** Why it lacks a capability, where the reason is not the dialect itself. */
  readonly whyNot?: ReadonlyMap<CapabilityName, string> | undefined;
  readonly system: Fields<typeof SystemSchema>;
}

/** The fields of a message, without being one. */
type Fields<Desc extends DescMessage> = Exclude<MessageInitShape<Desc>, { readonly $typeName: string }>;

export type ForeignTelemetry = Omit<Fields<typeof TelemetrySchema>, 'cpu'> & { cpu?: Fields<typeof CpuSchema> };
export type ForeignSpec = MessageInitShape<typeof ProcessSpecSchema>;
export type ForeignReadRequest = MessageInitShape<typeof ReadFileRequestSchema>;
export type ForeignWriteRequest = MessageInitShape<typeof OpenWriteSchema>;

/** How a command ended. Output beyond what the dialect carries is missing, and `truncated` says so. */
export interface ForeignExit {
  readonly status: { readonly case: 'exitCode' | 'signal'; readonly value: number };
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly truncated: boolean;
  readonly timedOut?: boolean | undefined;
}

/** A command that was started. */
export interface ForeignProcess {
  /** Its process id in the guest; 0 if the dialect does not say. */
  readonly pid: number;
  /** Waits for its end. On an abort the command may go on. */
  ended(signal: AbortSignal): Promise<ForeignExit>;
  /** Looks now whether it has ended, and `ended` knows; absent: the dialect says it at once. */
  readonly look?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Sends it a signal; absent: the dialect cannot. */
  readonly kill?: ((signal: number, abort: AbortSignal) => Promise<void>) | undefined;
}

/** A file that is being read. */
export interface ForeignReading {
  readonly info: FileInfo;
  /** Pieces in order, none of them empty. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** Answers one unary method of `proto/agent/v1`: takes its request and returns the fields of its answer. */
export type ForeignCall = (request: never, signal: AbortSignal) => Promise<object>;

/**
 * An agent that speaks a foreign dialect: what can be asked of it, in Innkeeper's terms. What a dialect cannot express is
 * absent here, and refused by the link before anything is sent.
 */
export interface ForeignAgent {
  readonly dialect: ForeignDialect;
  /** What it is called where its dialect is meant: "The QEMU guest agent's protocol". */
  readonly title: string;
  /** Milliseconds between samples. */
  readonly sampleMs: number;
  /** Looks for the agent and asks who it is. Rejects if none answers. */
  open(signal: AbortSignal): Promise<ForeignFacts>;
  /** The guest's figures, as far as the dialect has them; proves that the agent still answers. */
  sample(signal: AbortSignal): Promise<ForeignTelemetry>;
  /** The shortest exchange that proves that it answers. */
  ping(signal: AbortSignal): Promise<void>;
  /** Unary methods by name. */
  readonly calls: ReadonlyMap<string, ForeignCall>;
  /** Starts a command, with its whole standard input. Throws before anything is sent for what the dialect cannot do. */
  start?(spec: ForeignSpec, input: Uint8Array | undefined, signal: AbortSignal): Promise<ForeignProcess>;
  /** Whether a command can have standard input. */
  readonly takesInput?: boolean | undefined;
  readFile?(request: ForeignReadRequest, signal: AbortSignal): Promise<ForeignReading>;
  /** Writes a file, and returns the number of bytes. `verify` is called before the file appears; its error prevents that. */
  writeFile?(
    request: ForeignWriteRequest,
    source: AsyncIterable<Uint8Array>,
    verify: () => void,
    signal: AbortSignal,
  ): Promise<bigint>;
  /** Closes what is open: the agent is looked for again, or the link ends. Never rejects. */
  close(): Promise<void>;
  /** The link ends for good. Undoes what would stay in the guest. Never rejects. */
  end?(): Promise<void>;
}
