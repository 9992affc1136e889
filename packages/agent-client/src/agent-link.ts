import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type {
  ExecEvent,
  FileInfo,
  OpenTarSchema,
  OpenWriteSchema,
  ProcessSpecSchema,
  ReadFileDone,
  ReadFileRequestSchema,
  ReadTarDone,
  ReadTarRequestSchema,
  Telemetry,
  Welcome,
  WriteTarDone,
} from '@innkeeper/contract/agent';
import type { LiteMethod } from '@innkeeper/contract/lite';

type Init<Desc extends DescMessage> = MessageInitShape<Desc>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * For calls with one answer: milliseconds until they fail with AGENT_UNREACHABLE, or with DEADLINE_EXCEEDED if the
   * agent reported it first. Default: the method's own, in its .proto. Transfers and processes have no limit.
   */
  readonly timeoutMs?: number | undefined;
}

/** Options of a streaming call: `timeoutMs` is for the whole call; default: no limit. */
export type StreamOptions = CallOptions;

/** The state of a VM's agent, as its link sees it. */
export type LinkState =
  | { readonly state: 'waiting' }
  | { readonly state: 'connected'; readonly welcome: Welcome }
  | { readonly state: 'lost'; readonly since: number; readonly reason: string };

/**
 * The node's side of one agent: keeps a session open whatever happens to the channel, and provides typed calls that
 * survive a reconnect if the method allows it. One per VM; slow guests do not affect each other.
 */
export interface AgentLink extends AsyncDisposable {
  readonly state: LinkState;
  onState(listener: (state: LinkState) => void): () => void;
  /** Latest telemetry, pushed every 5 s while connected. */
  onTelemetry(listener: (telemetry: Telemetry) => void): () => void;
  /** When the last valid frame arrived, in milliseconds of the node's clock; undefined before the first. */
  readonly lastSeenMs: number | undefined;

  /**
   * The capabilities of the agent in the open session, by the names in `proto/agent/v1`; empty without a session.
   */
  readonly capabilities: ReadonlySet<string>;

  /** The agent's response time and version. */
  ping(options?: CallOptions): Promise<{ roundTripMs: number; agentVersion: string }>;
  /**
   * One request and its answer; of a streaming method, the first answer. If the session is lost meanwhile, a repeatable
   * method is called again in the next session; any other may have been executed, and fails with AGENT_UNREACHABLE.
   * Rejects with UNSUPPORTED_BY_AGENT before anything is sent if the agent lacks the capability.
   */
  call<I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    request: Init<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  /**
   * A call with streams of requests or answers, within one session: a loss fails with AGENT_UNREACHABLE. A slow reader
   * of the answers slows the agent down. UNSUPPORTED_BY_AGENT as for `call`.
   */
  stream<I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    requests: AsyncIterable<Init<I>>,
    options?: StreamOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined>;
  /** Starts a process. Its output continues over reconnects, from the current offset. */
  exec(spec: MessageInitShape<typeof ProcessSpecSchema>, options?: CallOptions): ExecSession;
  /** Follows a running or recently ended process. */
  attach(id: string, fromOffset: bigint, options?: CallOptions): ExecSession;
  readFile(request: MessageInitShape<typeof ReadFileRequestSchema>, options?: CallOptions): FileReading;
  /**
   * Uploads; with an `uploadId` in `open` it resumes by itself over reconnects, calling `source` again with the offset.
   */
  writeFile(
    open: MessageInitShape<typeof OpenWriteSchema>,
    source: FileSource,
    options?: WriteFileOptions,
  ): Promise<{ bytes: bigint; sha256: Uint8Array }>;
  /** A tree as an archive. Not resumable: a lost session fails with AGENT_UNREACHABLE. */
  readTar(request: Init<typeof ReadTarRequestSchema>, options?: CallOptions): TarReading;
  /** Unpacks an archive. Not resumable: a lost session fails with AGENT_UNREACHABLE, and unpacked entries stay. */
  writeTar(
    open: Init<typeof OpenTarSchema>,
    source: () => AsyncIterable<Uint8Array>,
    options?: WriteTarOptions,
  ): Promise<WriteTarDone>;
}

export interface ExecSession extends AsyncDisposable {
  /** Known after the first `started` event. */
  readonly id: string;
  /** Events in order, each output byte once. Pulling grants the guest credit: a slow reader slows the process. */
  readonly events: AsyncIterable<ExecEvent>;
  /** Resolves when the bytes are queued for the process. */
  writeStdin(data: Uint8Array): Promise<void>;
  endStdin(): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  signal(signal: number): Promise<void>;
  /** Disposing detaches; the process keeps running. */
}

export interface WriteTarOptions extends CallOptions {
  /** Called for each entry that the guest does not create, with the reason, if `nameSkipped` was set. */
  readonly onSkip?: ((what: string) => void) | undefined;
}

export interface WriteFileOptions extends CallOptions {
  /**
   * Called when the source has ended: the file's expected hash, 32 bytes (`commit.sha256`); on a mismatch nothing is
   * replaced.
   */
  readonly expectedSha256?: (() => Uint8Array | undefined) | undefined;
  /** Called with the offset after the last byte that was written to the channel. */
  readonly onProgress?: ((offset: number) => void) | undefined;
}

/** The source of an upload. Called again with the offset to continue from after a reconnect. */
export type FileSource = (offset: bigint) => AsyncIterable<Uint8Array>;

export interface FileReading {
  readonly info: Promise<FileInfo>;
  /**
   * Chunks in order; resumes after a reconnect if the file is regular and unchanged, otherwise fails with FILE_CHANGED.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly done: Promise<ReadFileDone>;
}

export interface TarReading {
  /** Chunks of the archive in order. Pulling lets the agent continue. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** After the last chunk: the total, and what was left out. */
  readonly done: Promise<ReadTarDone>;
}
