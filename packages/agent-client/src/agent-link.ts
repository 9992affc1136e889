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
   * Of questions with one answer: milliseconds until they fail with AGENT_UNREACHABLE, or with DEADLINE_EXCEEDED when the
   * agent was first to say so. Default: the method's own, in its .proto. Transfers and processes take what they take.
   */
  readonly timeoutMs?: number | undefined;
}

/** Of a call that streams: `timeoutMs` is for the whole of it, and by default there is no limit. */
export type StreamOptions = CallOptions;

/** How the agent of one VM stands, as its link sees it. */
export type LinkState =
  | { readonly state: 'waiting' }
  | { readonly state: 'connected'; readonly welcome: Welcome }
  | { readonly state: 'lost'; readonly since: number; readonly reason: string };

/**
 * The node's side of one agent: keeps a session open over whatever happens to the channel, and gives typed calls that
 * survive a reconnect where the operation allows it. One per VM; slow guests do not touch each other.
 */
export interface AgentLink extends AsyncDisposable {
  readonly state: LinkState;
  onState(listener: (state: LinkState) => void): () => void;
  /** Latest telemetry, pushed every 5 s while connected. */
  onTelemetry(listener: (telemetry: Telemetry) => void): () => void;
  /** Milliseconds of the node's clock when the last valid frame came; undefined before the first. */
  readonly lastSeenMs: number | undefined;

  /**
   * What the agent of the open session can do, by the names that `proto/agent/v1` gives to its methods; empty while no
   * session is open.
   */
  readonly capabilities: ReadonlySet<string>;

  /** How long the agent takes to answer, and its version. */
  ping(options?: CallOptions): Promise<{ roundTripMs: number; agentVersion: string }>;
  /**
   * One request and its answer; of a method that streams, the first message of its answer. Asked again in the next session
   * when one was lost meanwhile and the method may be repeated; otherwise it may have been carried out, and fails with
   * AGENT_UNREACHABLE. Rejects with UNSUPPORTED_BY_AGENT before anything is sent when the agent lacks the capability.
   */
  call<I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    request: Init<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  /**
   * A call whose requests or answers are a stream, within one session: a loss fails with AGENT_UNREACHABLE. A slow reader
   * of the answers holds the agent up. UNSUPPORTED_BY_AGENT as `call`.
   */
  stream<I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    requests: AsyncIterable<Init<I>>,
    options?: StreamOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined>;
  /** Starts a process. Its output goes on over reconnects, from the offset where it was. */
  exec(spec: MessageInitShape<typeof ProcessSpecSchema>, options?: CallOptions): ExecSession;
  /** Follows a process that runs or ended lately. */
  attach(id: string, fromOffset: bigint, options?: CallOptions): ExecSession;
  readFile(request: MessageInitShape<typeof ReadFileRequestSchema>, options?: CallOptions): FileReading;
  /** Uploads; with an `uploadId` in `open` it resumes by itself over reconnects, asking `source` again from the offset. */
  writeFile(
    open: MessageInitShape<typeof OpenWriteSchema>,
    source: FileSource,
    options?: WriteFileOptions,
  ): Promise<{ bytes: bigint; sha256: Uint8Array }>;
  /** A tree as an archive. Does not resume: a cut fails with AGENT_UNREACHABLE. */
  readTar(request: Init<typeof ReadTarRequestSchema>, options?: CallOptions): TarReading;
  /** Unpacks an archive. Does not resume: a cut fails with AGENT_UNREACHABLE, and what was unpacked stays. */
  writeTar(
    open: Init<typeof OpenTarSchema>,
    source: () => AsyncIterable<Uint8Array>,
    options?: CallOptions,
  ): Promise<WriteTarDone>;
}

export interface ExecSession extends AsyncDisposable {
  /** Known after the first `started` event. */
  readonly id: string;
  /** Events in order, each output byte once. Pulling is what grants the guest credit: a slow reader slows the process. */
  readonly events: AsyncIterable<ExecEvent>;
  /** Resolves when the agent has taken the bytes into the process's pipe or its bounded queue. */
  writeStdin(data: Uint8Array): Promise<void>;
  endStdin(): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  signal(signal: number): Promise<void>;
  /** Dispose detaches; the process runs on. */
}

export interface WriteFileOptions extends CallOptions {
  /** Asked when the source has ended: 32 bytes that the whole file must hash to (`commit.sha256`), else nothing is replaced. */
  readonly expectedSha256?: (() => Uint8Array | undefined) | undefined;
  /** Called with the offset after the last byte that the channel has taken. */
  readonly onProgress?: ((offset: number) => void) | undefined;
}

/** What an upload reads from. Called again with the offset to go on from after a reconnect. */
export type FileSource = (offset: bigint) => AsyncIterable<Uint8Array>;

export interface FileReading {
  readonly info: Promise<FileInfo>;
  /** Chunks in order; resumes after a reconnect when the file is regular and unchanged, else fails with FILE_CHANGED. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly done: Promise<ReadFileDone>;
}

export interface TarReading {
  /** Pieces of the archive in order. Pulling is what lets the agent go on. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** After the last piece: how much there was, and what was left out. */
  readonly done: Promise<ReadTarDone>;
}
