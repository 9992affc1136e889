import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ExecEvent,
  FileInfo,
  OpenWriteSchema,
  ProcessSpecSchema,
  ReadFileDone,
  ReadFileRequestSchema,
  ShutdownMode,
  System,
  Telemetry,
  Welcome,
} from '@innkeeper/contract/agent';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Of questions with one answer: milliseconds until they fail with AGENT_UNREACHABLE, or with DEADLINE_EXCEEDED when the
   * agent was first to say so. Default: 30,000. Transfers and processes take what they take.
   */
  readonly timeoutMs?: number | undefined;
}

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

  ping(options?: CallOptions): Promise<{ roundTripMs: number; agentVersion: string }>;
  system(options?: CallOptions): Promise<System>;
  telemetryOnce(options?: CallOptions): Promise<Telemetry>;
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
  stat(path: string, options?: CallOptions & { readonly follow?: boolean | undefined }): Promise<FileInfo>;
  shutdown(
    mode: ShutdownMode,
    options?: CallOptions & { readonly delaySeconds?: number; readonly message?: string },
  ): Promise<{ method: string }>;
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
