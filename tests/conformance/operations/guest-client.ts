/** The names under which the tables speak of dialects. */
export type DialectName = 'native' | 'AgentMessage, plain' | 'AgentMessage, magic';

export interface CommandRequest {
  /** A program with its arguments: one at least. */
  readonly argv?: readonly [string, string, ...string[]];
  /** Instead of argv: for /bin/sh -c. */
  readonly shell?: string;
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly group?: string;
  readonly supplementaryGroups?: boolean;
  /** Whole seconds, since a dialect has no less. */
  readonly timeoutSeconds?: number;
  readonly maxOutputBytes?: number;
}

export interface CommandResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** undefined: a signal ended it. */
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
  readonly truncated: boolean;
}

export interface WriteRequest {
  readonly path: string;
  readonly data: Uint8Array;
  /** 0o640 and the like; none: the agent's default. */
  readonly mode?: number;
  readonly createParents?: boolean;
}

/** What every dialect can say. Errors are OperationErrors, or have their `reason`. */
export interface GuestClient extends AsyncDisposable {
  /** What the agent says of itself when a session opens. */
  hello(): Promise<{ readonly agentVersion: string }>;
  ping(): Promise<{ readonly agentVersion: string }>;
  telemetry(): Promise<{
    readonly memoryTotalBytes: number;
    readonly memoryAvailableBytes: number;
    readonly processCount: number;
    readonly uptimeSeconds: number;
    readonly mountPoints: readonly string[];
    readonly interfaces: readonly string[];
  }>;
  run(request: CommandRequest): Promise<CommandResult>;
  /** The whole file, or a part of it; more than one request if it takes that. */
  read(path: string, part?: { readonly offset: number; readonly length: number }): Promise<Buffer>;
  /** Replaces a file whole; resolves with the bytes that the agent says it has written. */
  write(request: WriteRequest): Promise<number>;
  /** A whole file in two pieces, with a look at the guest between them. */
  writeInTwo(request: WriteRequest, between: () => Promise<void>): Promise<void>;
  /** Asks for what no shutdown is. Only ever called with arguments that must be refused. */
  refusedShutdown(arguments_: { readonly mode: 'none' | 'out of range' | 'too late' }): Promise<void>;
  /** Asks for an operation that this agent does not have. */
  unknownOperation(): Promise<void>;
  /** The reasons with which operations are refused that the dialect has messages for and the agent does not serve. */
  unservedOperations(): Promise<string[]>;
  /** Sends what is no message of the operation. Resolves with the reason it was refused with; undefined: passed over. */
  malformed(): Promise<string | undefined>;
}
