import type { DirectoryHandle, FileHandle, FileStat, FolderWatcher, OpenOptions } from './directory.ts';
import type { Freezer } from './freezer.ts';
import type { ProcessHandle, ProgramPort } from './program.ts';

export type * from './directory.ts';
export type * from './program.ts';

/**
 * Everything that operations may access. Two implementations: QuickJsHost (apps/agent/src/host, on the C layer) and
 * FakeHost (src/fake, in memory). Ports are low-level: they return what the kernel returns; every default, policy and
 * text parser is in agent-core. All calls fail with HostError (host-error.ts).
 */
export interface Host {
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: Processes;
  readonly network: NetworkPort;
  readonly freezer: Freezer;
  readonly power: Power;
  readonly bytes: Bytes;
  readonly jobs: Jobs;
  readonly system: SystemPort;
  readonly program: ProgramPort;
}

export interface Clock {
  /** CLOCK_REALTIME, nanoseconds since the Unix epoch. */
  wallTimeNs(): bigint;
  /** CLOCK_MONOTONIC, nanoseconds. */
  monotonicNs(): bigint;
  /** CLOCK_MONOTONIC in milliseconds: cheap; for durations and deadlines. */
  monotonicMs(): number;
  /** clock_settime(CLOCK_REALTIME). */
  setWallTimeNs(time: bigint): void;
  /** Calls back once, not before `delayMs`; the returned function cancels the timer. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

export interface StatVfs {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly availableBytes: number;
  readonly inodesTotal: number;
  readonly inodesFree: number;
  /** The mount or the whole file system is read-only at the moment. */
  readonly readOnly: boolean;
}

/** Paths are absolute and without NUL. Calls are direct and fast unless stated otherwise. */
export interface Files {
  open(path: string, options: OpenOptions): FileHandle;
  /** pread into `into`; the count, 0 at the end. Directly from the kernel into the buffer. */
  read(file: FileHandle, into: Uint8Array, offset: number): number;
  /** read(2) at the current position, for streams, FIFOs and /proc. */
  readNext(file: FileHandle, into: Uint8Array): number;
  /** pwrite of all of `from` (loops over short writes); throws ENOSPC and the like. */
  write(file: FileHandle, from: Uint8Array, offset: number): void;
  /** write(2) at the current position. */
  writeNext(file: FileHandle, from: Uint8Array): void;
  statHandle(file: FileHandle): FileStat;
  chmodHandle(file: FileHandle, mode: number): void;
  chownHandle(file: FileHandle, uid: number, gid: number): void;
  setModifiedHandle(file: FileHandle, timeNs: bigint): void;
  /** Where the next data of a sparse file begins; undefined if only a hole follows. */
  nextData(file: FileHandle, offset: number): number | undefined;
  /** Where the next hole begins, which can be the file's end. */
  nextHole(file: FileHandle, offset: number): number;
  /** Names of the extended attributes of a file or directory. EOPNOTSUPP where there are none. */
  attributeNames(file: FileHandle): string[];
  attribute(file: FileHandle, name: string): Uint8Array;
  setAttribute(file: FileHandle, name: string, value: Uint8Array): void;
  /** Cuts a file off, or extends it with a hole. */
  truncate(file: FileHandle, sizeBytes: number): void;
  /** fsync in a helper, since it can hang; rejects with ETIMEDOUT after `timeoutMs`. */
  sync(file: FileHandle, timeoutMs: number): Promise<void>;
  stat(path: string, follow: boolean): FileStat;
  readLink(path: string): string;
  /** rename(2). */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  makeDirectory(path: string, mode: number): void;
  /** Opens a directory; with `noSymlinks` no component of the path may be a link (ELOOP). */
  openDirectory(path: string, options: { readonly noSymlinks: boolean }): DirectoryHandle;
  /** Names in directory order, at most `limit`. */
  readDirectory(path: string, limit: number): string[];
  /** A small file, at most `maxBytes` (longer ones are truncated): /proc, /sys, /etc. Invalid UTF-8 becomes U+FFFD. */
  readText(path: string, maxBytes: number): string;
  /** The same, but invalid bytes become lone surrogates as in DirectoryHandle: paths in it can be passed to `statVfs`. */
  readNames(path: string, maxBytes: number): string;
  /**
   * The numbers of a text file without creating strings: every run of digits that does not follow a letter ("cpu0" has
   * none), and NaN for each line end, until `into` is full. Returns their count. "1.50" is 1 and 50.
   */
  readNumbers(path: string, into: Float64Array): number;
  /**
   * Writes to a file of the kernel, in a helper, since it can take long; rejects with ETIMEDOUT after `timeoutMs`, and with
   * what the kernel says.
   */
  writeInHelper(path: string, text: string, timeoutMs: number): Promise<void>;
  /** statvfs, directly: only for file systems that cannot hang. */
  statVfs(path: string): StatVfs;
  /**
   * statvfs in a helper; ETIMEDOUT after `timeoutMs`, and the helper is counted as abandoned if it cannot be killed.
   */
  statVfsInHelper(path: string, timeoutMs: number): Promise<StatVfs>;
  /**
   * Grows a mounted ext2, ext3 or ext4 to this size (EXT4_IOC_RESIZE_FS), in a helper; nothing if it has that size.
   * Rejects with ETIMEDOUT after `timeoutMs`, EPERM, or EINVAL when it cannot.
   */
  growExt(mountPoint: string, sizeBytes: number, timeoutMs: number): Promise<void>;
  /** EMFILE if the kernel has too many watchers. */
  watchFolders(): FolderWatcher;
  /** One that an earlier program of this process has handed over. */
  adoptWatcher(descriptor: number): FolderWatcher;
  /** Calls back when something was mounted or unmounted; the returned function removes the callback. */
  watchMounts(callback: () => void): () => void;
}

export interface SpawnSpec {
  /** Paths of the program file; the first that the user can execute is used. argv[0] may differ. */
  readonly programs: readonly string[];
  readonly argv: readonly string[];
  /** The whole environment: "NAME=value". */
  readonly environment: readonly string[];
  readonly directory: string;
  /** Absent: the agent's own user and groups. */
  readonly identity: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined;
  /** A new session (setsid) is always created. 'pty': one terminal on 0, 1 and 2. */
  readonly stdio: 'pipes' | 'pty';
  /** With pipes: whether stdin is a pipe; otherwise it is /dev/null. */
  readonly stdin: boolean;
  readonly terminalSize: { readonly columns: number; readonly rows: number } | undefined;
  /** The cgroup.procs of the cgroup to start in; ignored if it cannot be entered. */
  readonly groupEntry: string | undefined;
}

/** How a process ended, as waitid reports it. */
export interface ProcessExit {
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly userTimeUs: number;
  readonly systemTimeUs: number;
  readonly maxRssBytes: number;
}

/** One end of a pipe or a terminal. */
export interface Pipe {
  /**
   * Called with available bytes, in a view that is valid during the call, at most 64 KiB; `undefined` at the end. After
   * `pause()` it is not called until `resume()`. Starts paused.
   */
  onData(callback: (bytes: Uint8Array | undefined) => void): void;
  pause(): void;
  resume(): void;
  /**
   * The bytes in the pipe now, without waiting, at most 64 KiB (a view, as above); `undefined` if none. Works while
   * paused.
   */
  readNow(): Uint8Array | undefined;
  close(): void;
}

export interface StdinPipe {
  /** Writes what fits and returns the count; 0 when full. EPIPE if the reader is gone. */
  write(bytes: Uint8Array): number;
  /** Calls back once when there is room again. */
  onceWritable(callback: () => void): void;
  close(): void;
}

export interface ChildProcess {
  readonly pid: number;
  /** With a terminal, stdout carries both and stderr is undefined. */
  readonly stdout: Pipe;
  readonly stderr: Pipe | undefined;
  readonly stdin: StdinPipe | undefined;
  onExit(callback: (exit: ProcessExit) => void): void;
  resize(columns: number, rows: number): void;
  /** What the next program of this process needs to adopt it. */
  handle(): ProcessHandle;
}

export interface Processes {
  /**
   * Throws with the errno of the failure, and as `call` one of execve, interpreter (that of the program at `path` does not
   * exist), chdir, setgroups, setgid, setuid, fork, pipe, pty. Pipes belong to the user; no signal is ignored or blocked.
   */
  spawn(spec: SpawnSpec): ChildProcess;
  /** A process that an earlier program of this process has started. */
  adopt(handle: ProcessHandle): ChildProcess;
  /** kill(2); a negative pid is a group. ESRCH if it has exited. */
  kill(pid: number, signal: number): void;
  /**
   * The agent is a child subreaper (PR_SET_CHILD_SUBREAPER): orphans of commands become its children and are reaped.
   */
  readonly subreaper: boolean;
}

/** A network interface of the kernel (rtnetlink). */
export interface NetworkLink {
  readonly index: number;
  readonly name: string;
  /** IFLA_INFO_KIND: "bridge", "veth" and the like; empty for hardware and the loopback interface. */
  readonly kind: string;
  /** "52:54:00:12:34:56"; empty if it has none. */
  readonly macAddress: string;
  /** IFF_*, netdevice(7). */
  readonly flags: number;
  /** RFC 2863: 0 unknown, 6 up. */
  readonly operState: number;
  readonly mtu: number;
  /** Index of the bridge or bond that it belongs to; 0 if none. */
  readonly masterIndex: number;
  readonly counters: LinkCounters | undefined;
}

export interface LinkAddress {
  readonly linkIndex: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** Traffic counters of an interface (struct rtnl_link_stats64). */
export interface LinkCounters {
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/** A stream connection to a program of the guest. */
export interface Connection {
  /**
   * Reads what is there into `into`, without waiting: the count, 0 if nothing, undefined at the end. ECONNRESET if the
   * peer broke off.
   */
  read(into: Uint8Array): number | undefined;
  /** Resolves when `read` has something to report, or after `close`. */
  readable(): Promise<void>;
  /** Writes what fits and returns the count; 0 when full. EPIPE or ECONNRESET if the peer does not read any more. */
  write(bytes: Uint8Array): number;
  /** Resolves when there is room again, or after `close`. */
  writable(): Promise<void>;
  /** Sends the end; reading continues. */
  endWriting(): void;
  close(): void;
}

export type ConnectTarget = { readonly address: string; readonly port: number } | { readonly path: string };

export interface NetworkPort {
  /**
   * Connects to an IP address or a unix socket. Rejects with the kernel's errno: ECONNREFUSED, EAGAIN for a unix socket
   * whose queue is full, ENOENT, ETIMEDOUT; and with the signal's reason.
   */
  connect(target: ConnectTarget, signal: AbortSignal): Promise<Connection>;
  links(): NetworkLink[];
  addresses(): LinkAddress[];
  /**
   * How the kernel would send a packet to this address: its routing decision, without a packet. Undefined if it would not
   * send it.
   */
  routeTo(address: string): { readonly linkIndex: number; readonly source: string } | undefined;
  /**
   * A request of rtnetlink, rtnetlink(7): message type, NLM_F_* flags and body, at most 2,048 bytes. Returns the bodies of
   * the answer's messages; with NLM_F_ACK none.
   */
  request(type: number, flags: number, body: Uint8Array): Uint8Array[];
  /** Calls back when a link, an address or a route changes (rtnetlink); the returned function removes the callback. */
  watch(callback: () => void): () => void;
}

export interface Power {
  /** sync(2) in a helper, bounded, then reboot(2) with the command. Only if no init system can do it. */
  rebootNow(mode: 'poweroff' | 'reboot' | 'halt'): Promise<void>;
}

/** Byte operations that would be too slow in an interpreter. */
export interface Bytes {
  /** CRC-32C (Castagnoli), continuing from `seed` (0 to start). */
  crc32c(bytes: Uint8Array, seed: number): number;
  /** ByteOps of wire. */
  putCrc32c(bytes: Uint8Array, from: number, to: number, at: number): void;
  hasCrc32c(bytes: Uint8Array, from: number, to: number, at: number): boolean;
  matches(bytes: Uint8Array, at: number, part: Uint8Array): boolean;
  /** The number of zero bytes at the start of `bytes`. */
  countLeadingZeros(bytes: Uint8Array): number;
  /** Base64Ops of wire. */
  encodeBase64(bytes: Uint8Array, into: Uint8Array): number;
  decodeBase64(text: Uint8Array, into: Uint8Array): number;
  createSha256(): Sha256;
  random(count: number): Uint8Array;
}

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** 32 bytes. The hash cannot be used afterwards. */
  digest(): Uint8Array;
}

/** Runs programs for the agent itself (getent, systemctl), with small output and a deadline. */
export interface Jobs {
  /**
   * Rejects with ETIMEDOUT after killing it, or with `keepLate` resolves with its output so far. Output beyond 64 KiB is
   * dropped.
   */
  run(
    argv: readonly string[],
    options: { readonly timeoutMs: number; readonly stdin?: string | undefined; readonly keepLate?: boolean },
  ): Promise<{ exitCode: number | undefined; stdout: string; stderr: string; timedOut?: boolean }>;
  /** Number of helpers that could not be killed and were abandoned. */
  readonly abandoned: number;
}

export interface SystemPort {
  readonly agentVersion: string;
  readonly pid: number;
  /** uname(2). */
  uname(): { readonly sysname: string; readonly nodename: string; readonly release: string; readonly machine: string };
  /** sysconf(_SC_CLK_TCK). */
  readonly clockTicksPerSecond: number;
  readonly pageSizeBytes: number;
  /** Adds at most 256 bytes, all of them unpredictable, to the kernel's random pool. EPERM without the privilege. */
  addEntropy(bytes: Uint8Array): void;
  /** The last lines of the kernel's log, each with its prefix, as syslog(2) returns them. EPERM without the privilege. */
  kernelLogEnd(maxBytes: number): string;
  /** Whether a system call with a fallback exists: for the capabilities. */
  supports(feature: 'openat2' | 'pidfd' | 'subreaper'): boolean;
}
