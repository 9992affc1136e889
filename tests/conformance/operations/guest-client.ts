import type { GuestAdmin } from './guest-admin.ts';

export interface CommandRequest {
  /** A program with its arguments; not empty. */
  readonly argv?: readonly [string, string, ...string[]];
  /** A command line for /bin/sh -c, instead of argv. */
  readonly shell?: string;
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly group?: string;
  readonly supplementaryGroups?: boolean;
  /** Whole seconds, the resolution of AgentMessage. */
  readonly timeoutSeconds?: number;
  readonly maxOutputBytes?: number;
  /** Its whole standard input. */
  readonly input?: Buffer;
}

export interface CommandResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Undefined: a signal ended it. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, where the dialect says so. */
  readonly signal?: number | undefined;
  readonly timedOut: boolean;
  readonly truncated: boolean;
}

export interface WriteRequest {
  readonly path: string;
  readonly data: Uint8Array;
  /** Such as 0o640; undefined: the agent's default. */
  readonly mode?: number;
  readonly createParents?: boolean;
}

/** The figures of the guest that every dialect with figures has. */
export interface Figures {
  readonly memoryTotalBytes: number;
  /** Total less available. */
  readonly memoryUsedBytes: number;
  readonly uptimeSeconds: number;
  readonly loadOneMinute: number;
  /** Undefined: not known yet. */
  readonly cpuBusyPercent: number | undefined;
}

/** What foreign dialects and the native one share. Errors are OperationErrors or have their `reason`. */
export interface GuestClient extends AsyncDisposable {
  readonly admin: GuestAdmin;
  /** Output of commands arrives as text, so that what is not UTF-8 is lost. */
  readonly hasTextOnly: boolean;
  /** A malformed request has no sender who could be answered. */
  readonly ignoresMalformed: boolean;
  /** Resolves when the agent has answered anything. */
  alive(): Promise<void>;
  /** What the agent reports when a session opens. */
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
  figures(): Promise<Figures>;
  /** The wall clock, rounded down to the dialect's resolution. */
  clock(): Promise<{ readonly unixMs: number; readonly resolutionMs: number }>;
  run(request: CommandRequest): Promise<CommandResult>;
  /** Reads the whole file or a part of it, with as many requests as necessary. */
  read(path: string, part?: { readonly offset: number; readonly length: number }): Promise<Buffer>;
  /** Replaces a file; resolves to the number of bytes that the agent reports as written. */
  write(request: WriteRequest): Promise<number>;
  append(path: string, data: Uint8Array): Promise<void>;
  /** Writes a file in two pieces, calling back in between. */
  writeInTwo(request: WriteRequest, between: () => Promise<void>): Promise<void>;
  /** Requests an invalid shutdown, which must be refused. */
  refusedShutdown(arguments_: { readonly mode: 'none' | 'out of range' | 'too late' }): Promise<void>;
  /** Requests a freeze that must be refused: of nothing that can be frozen, since the guest may be this machine. */
  refusedFreeze(arguments_: { readonly mountPoints: string[]; readonly leaseMs?: number }): Promise<void>;
  /** Requests a thaw that must be refused. */
  refusedThaw(id: string): Promise<void>;
  /** Sets the clock to a time, in seconds since 1970, that must be refused. */
  refusedClock(seconds: bigint): Promise<void>;
  /** Calls a method that this agent does not support. */
  unknownOperation(): Promise<void>;
  /** Sends a malformed request. Resolves to the reason of the refusal; undefined: it was ignored. */
  malformed(): Promise<string | undefined>;
}
