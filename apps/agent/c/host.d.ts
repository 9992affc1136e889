/**
 * The whole contract of the C layer: the module `host`. Thin wrappers of system calls; every argument is required,
 * nothing has a default. Errors of the kernel are thrown as an Error named HostError with errno (its name), call and
 * path.
 */
declare module 'host' {
  // Program (main.c)
  /** The command line. The first is the name that the program was called by. */
  export function programArguments(): string[];
  export function print(line: string): void;
  export function printOut(line: string): void;
  /** The exports of a part of this program, read at its first use (parts.c). The build makes each `import()` a call of it. */
  export function loadPart(name: string): Promise<unknown>;
  /** From here on writing to standard error never waits, whether it is a terminal, a pipe, a socket or a file. */
  export function ownStandardError(): void;

  // Loop (loop.c). Events: 1 readable, 2 writable, 4 error or hang-up (only reported).
  export function watch(fd: number, events: number, callback: (events: number) => void): number;
  export function rewatch(slot: number, events: number): void;
  /** Call it before the descriptor is closed. */
  export function unwatch(slot: number): void;
  export function setTimer(delayMs: number, callback: () => void): number;
  export function clearTimer(id: number): void;
  /** SIGCHLD 17, SIGTERM 15, SIGINT 2, SIGIO 29. */
  export function onSignal(callback: (signal: number) => void): void;
  export function exit(code: number): void;

  // Text (text.c). Always well-formed: lone surrogates and bytes that are not UTF-8 become U+FFFD.
  export function encodeUtf8(text: string): Uint8Array<ArrayBuffer>;
  /** undefined if `fatal` and the bytes are malformed. */
  export function decodeUtf8(bytes: Uint8Array, fatal: boolean): string | undefined;

  // Protobuf (protobuf.c), by the encoding plan of a LiteType (packages/contract/src/lite/lite-type.ts)
  export function encodeMessage(plan: readonly unknown[], message: unknown): Uint8Array<ArrayBuffer>;

  // Bytes (bytes.c)
  export function crc32c(bytes: Uint8Array, seed: number): number;
  /** Writes the CRC-32C of [from, to) at `at`, little-endian. RangeError outside of the array. */
  export function putCrc32c(bytes: Uint8Array, from: number, to: number, at: number): void;
  export function hasCrc32c(bytes: Uint8Array, from: number, to: number, at: number): boolean;
  /** Whether `part` is at `at`, whole. */
  export function matches(bytes: Uint8Array, at: number, part: Uint8Array): boolean;
  export function countLeadingZeros(bytes: Uint8Array): number;
  /** With padding; returns the length. RangeError without room. */
  export function encodeBase64(bytes: Uint8Array, into: Uint8Array): number;
  /** Up to the first group of four that is incomplete or has other characters; returns the number of groups. */
  export function decodeBase64(text: Uint8Array, into: Uint8Array): number;
  /** At most 256. */
  export function random(count: number): Uint8Array;

  // Hashing (hashing.c, sha256.c): SHA-256, of large updates in a thread that ends with its last stream
  /** An opaque stream. */
  export function sha256New(): ArrayBuffer;
  export function sha256Update(stream: ArrayBuffer, bytes: Uint8Array): void;
  /** Ends the stream. */
  export function sha256Digest(stream: ArrayBuffer): Uint8Array;

  // Files (files.c)
  export interface RawStat {
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly size: number;
    /** st_blocks: units of 512 bytes. */
    readonly blocks: number;
    readonly modifiedNs: bigint;
    readonly device: number;
    readonly inode: number;
    readonly links: number;
  }
  export interface RawStatVfs {
    readonly totalBytes: number;
    readonly freeBytes: number;
    readonly availableBytes: number;
    readonly inodesTotal: number;
    readonly inodesFree: number;
    /** ST_*, statvfs(3): 1 is read-only. */
    readonly flags: number;
  }
  /** Flags of open(2). Some have another value on each architecture. */
  export const O_WRONLY: number;
  export const O_RDWR: number;
  export const O_CREAT: number;
  export const O_EXCL: number;
  export const O_NOCTTY: number;
  export const O_TRUNC: number;
  export const O_APPEND: number;
  export const O_NONBLOCK: number;
  export const O_DIRECTORY: number;
  export const O_NOFOLLOW: number;
  export const O_PATH: number;
  export function open(path: string, flags: number, mode: number, noSymlinks: boolean): number;
  export function close(fd: number): void;
  /**
   * Reads until `count` bytes, the end (0 if at once) or it would block (-1 if at once). position < 0: the file's
   * current offset; a read(2) of less than a page then ends it too.
   */
  export function read(fd: number, into: Uint8Array, from: number, count: number, position: number): number;
  /** One read(2): 0 at the end, -1 when it would block. */
  export function readOnce(fd: number, into: Uint8Array, from: number, count: number): number;
  /** Bytes written: all, or fewer when it would block. */
  export function write(fd: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  export function stat(path: string, follow: boolean): RawStat;
  export function fstat(fd: number): RawStat;
  export function fchmod(fd: number, mode: number): void;
  export function fchown(fd: number, uid: number, gid: number): void;
  export function ftruncate(fd: number, size: number): void;
  export function fsync(fd: number): void;
  export function rename(from: string, to: string): void;
  export function unlink(path: string): void;
  export function mkdir(path: string, mode: number): void;
  export function readlink(path: string): string;
  export function readDirectory(path: string, limit: number): string[];
  /** Bytes that are not UTF-8 become U+FFFD, or with `asName` lone surrogates, as in names of directories. */
  export function readText(path: string, maxBytes: number, asName: boolean): string;
  /** The path may have such surrogates. */
  export function statvfs(path: string): RawStatVfs;
  /** EXT4_IOC_RESIZE_FS: grows a mounted ext file system to this many bytes, rounded down to its blocks. */
  export function growExt(mountPoint: string, sizeBytes: number): void;
  export function supportsOpenat2(): boolean;

  // Times, holes and extended attributes (attributes.c)
  export function futimes(fd: number, modifiedNs: bigint): void;
  /** lseek SEEK_HOLE or SEEK_DATA: where the next hole begins, or the next data (-1: there is none). */
  export function seek(fd: number, offset: number, hole: boolean): number;
  /** Names of extended attributes, each with a NUL after it. */
  export function listAttributes(fd: number): string;
  export function getAttribute(fd: number, name: string): Uint8Array;
  export function setAttribute(fd: number, name: string, value: Uint8Array): void;

  // Numbers (numbers.c)
  /**
   * Runs of digits that do not follow a letter, and NaN for each line end, until the array is full; returns the count.
   */
  export function readNumbers(path: string, into: Float64Array): number;

  // Directories by descriptor (directories.c). Names are single path components, and links are never followed. Bytes of
  // a name that are not UTF-8 are lone surrogates U+DC80 to U+DCFF.
  /** The next batch of names, each followed by its d_type (readdir(3)); empty at the end. */
  export function readEntries(directory: number): (string | number)[];
  export function openAt(directory: number, name: string, flags: number, mode: number): number;
  export function statAt(directory: number, name: string): RawStat;
  export function readlinkAt(directory: number, name: string): string;
  export function unlinkAt(directory: number, name: string): void;
  export function rmdirAt(directory: number, name: string): void;
  export function mkdirAt(directory: number, name: string, mode: number): void;
  export function chmodAt(directory: number, name: string, mode: number): void;
  export function chownAt(directory: number, name: string, uid: number, gid: number): void;
  export function utimesAt(directory: number, name: string, modifiedNs: bigint): void;
  /** EEXIST if the target exists and `replace` is false. */
  export function renameAt(from: number, name: string, to: number, newName: string, replace: boolean): void;
  /** Creates a hard link; a symbolic link itself is linked, not its target. */
  export function linkAt(from: number, name: string, to: number, newName: string): void;
  export function symlinkAt(target: string, directory: number, name: string): void;

  // Changes in folders (watches.c, inotify(7))
  export function openWatches(): number;
  /** The number of the watch; a folder that is watched already keeps its number. */
  export function addWatch(watches: number, folder: number, events: number): number;
  export function removeWatch(watches: number, watch: number): void;
  /** Some hundreds of flat rows of four: watch, events, cookie of a rename, name as in directories; empty if none. */
  export function readChanges(watches: number): (number | string)[];

  // Processes (processes.c, children.c)
  /** Executes the first of `programs` that it can. `call` is "interpreter" if that of a program does not exist. */
  export function spawn(
    programs: readonly string[],
    argv: readonly string[],
    environment: readonly string[],
    directory: string,
    identity: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined,
    stdin: boolean,
    /** More than 0: a terminal of this size, returned both as stdin and as stdout. */
    columns: number,
    rows: number,
    umask: number,
    /** The cgroup.procs of the cgroup to enter; empty: it stays in the agent's. */
    groupEntry: string,
  ): [pid: number, stdin: number, stdout: number, stderr: number];
  /** Flat rows of six: pid, exit code or -1, signal or 0, user µs, system µs, max RSS bytes. */
  export function reap(): number[];
  export function kill(pid: number, signal: number): void;
  export function resizeTerminal(fd: number, columns: number, rows: number): void;
  export function becomeSubreaper(): boolean;

  // Helpers (jobs.c)
  /**
   * Runs `work` in a forked child; the text it returns can be read from the descriptor. `keepFd` (or -1) stays open in
   * it.
   */
  export function fork(work: () => string, keepFd: number): [pid: number, fd: number];

  // Freezing (freezer.c, filesystems.c)
  /**
   * Starts a helper that freezes the file systems mounted at `paths` in this order, and thaws them in reverse
   * when told to, when its clock runs out (`syncMs` to write back caches, then `freezeMs` to freeze, then `leaseMs`), at
   * SIGTERM, and when the agent is gone. `devices` are pairs of major and minor number that each must have; 0, 0: any. The
   * helper first enters the cgroup of `groupEntry` if it can. E2BIG for more than 256 paths.
   *
   * Reports are read from a descriptor as records of three 32-bit integers: kind, value, errno. 1 opened, 3 frozen and
   * 6 thawed have the index of the path as value; 2: caches are written; 4: all are frozen or refused; 5: renewed, with
   * the lease in ms; 7: over, by a thaw (1), the lease (2), the agent's end (3), a signal (4), or because it took too
   * long (5). Commands are written to the other as such records: 1 renews for `value` ms, 2 thaws.
   */
  export function startFreezer(
    paths: readonly string[],
    devices: readonly number[],
    groupEntry: string,
    syncMs: number,
    freezeMs: number,
    leaseMs: number,
  ): [pid: number, reports: number, commands: number];
  /** FITHAW; EINVAL if it is not frozen. Run it in a helper. */
  export function thaw(path: string): void;
  /** FITRIM of the whole file system: the trimmed bytes. Run it in a helper. */
  export function trim(path: string, minimumBytes: number): number;
  /** The device that holds the image of the loop device at this path (LOOP_GET_STATUS64). */
  export function loopBase(path: string): [major: number, minor: number];
  /** The name of an error number: "EIO". */
  export function errorName(errno: number): string;

  // Network (network.c)
  /**
   * Flat rows of sixteen: index, name, kind ("bridge"; empty for hardware), hardware address, flags, operstate, MTU, index
   * of the master or 0, received bytes, packets, errors, dropped, sent bytes, packets, errors, dropped (bigint, or undefined
   * if the kernel does not count).
   */
  export function networkLinks(): (string | number | bigint | undefined)[];
  /** Flat rows of three: interface index, address, prefix length. */
  export function networkAddresses(): (string | number)[];
  /** Interface index and source address for packets to an address; empty if the kernel does not send there. */
  export function routeTo(address: string): (string | number)[];
  /**
   * A request of rtnetlink: message type, NLM_F_* flags (NLM_F_REQUEST is added), and its body of at most 2,048 bytes. The
   * bodies of the messages of the answer, up to the acknowledgement or the end of a dump; one of the two must be asked for.
   */
  export function routeRequest(type: number, flags: number, body: Uint8Array): Uint8Array[];
  export function openRouteEvents(): number;
  export function drain(fd: number): void;

  // Sockets and ports (sockets.c)
  export function listenUnix(path: string, mode: number): number;
  /** For peers of any CID. EAFNOSUPPORT or ENODEV where the kernel has no vsock. */
  export function listenVsock(port: number): number;
  /** On an IP address, for connections from anywhere that reach it. */
  export function listenTcp(address: string, port: number): number;
  /** The CID of a vsock connection's peer. */
  export function peerCid(fd: number): number;
  /** -1 when no connection is pending. */
  export function accept(fd: number): number;
  export function openPort(path: string): number;
  /** Makes a terminal device a line of bytes: raw, without modem control, at this speed (B… of termios). */
  export function serialLine(fd: number, speed: number): void;
  /** One attempt that never blocks, whatever the descriptor's flags: bytes written; -1 when it would block. */
  export function writeNow(fd: number, bytes: Uint8Array, from: number, count: number): number;
  /** A new socket that connects to an IP address; `connectResult` has the outcome once it is writable. */
  export function connectTcp(address: string, port: number): number;
  export function connectUnix(path: string): number;
  /** Throws why it failed (SO_ERROR). */
  export function connectResult(fd: number): void;
  /** shutdown(2) of the writing half. */
  export function endWriting(fd: number): void;

  // Another version of this program in this process (handover.c)
  /**
   * The descriptor of the state that an earlier program of this process handed over, and whether it comes back because the
   * one after it failed. Otherwise this program is on trial. undefined after a usual start.
   */
  export function handedOver(): [state: number, cameBack: boolean] | undefined;
  /** The path that this program was started from; " (deleted)" follows if the file was replaced. */
  export function programPath(): string;
  /** A file in memory. */
  export function createMemory(): number;
  /**
   * Ends this program: what is at its path now goes on in this process, on trial for `seconds`. The state begins with
   * three kinds of 32-bit integers: 1, the number of descriptors that stay open besides itself (at most 1,024), and those
   * descriptors. If the new program cannot be started, fails or has not called `endTrial` in time, the file PATH.previous
   * becomes PATH again and continues with the same state.
   */
  export function handOver(state: number, seconds: number): void;
  /** This program stays; the state is closed. */
  export function endTrial(): void;
  /** On trial: brings the program before this one back. Otherwise ends with an error. */
  export function giveUp(): never;

  // Signatures (signature.c)
  /** Ed25519, RFC 8032. False also for a key or a signature of the wrong length. */
  export function verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;

  // Clock and system (system.c)
  /** Nanoseconds; 0 CLOCK_REALTIME, 1 CLOCK_MONOTONIC. */
  export function now(clock: 0 | 1): bigint;
  export function monotonicMs(): number;
  export function setRealtime(ns: bigint): void;
  export function uname(): {
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
    readonly machine: string;
  };
  export function constants(): {
    readonly pid: number;
    readonly clockTicksPerSecond: number;
    readonly pageSizeBytes: number;
    readonly pidfd: boolean;
  };
  /** Adds at most 256 bytes to the kernel's random pool (RNDADDENTROPY), every bit counted, and uses them from then on. */
  export function addEntropy(bytes: Uint8Array): void;
  /** The last whole lines of the kernel's log, as syslog(2) returns them. */
  export function kernelLogEnd(maxBytes: number): string;
  /** 0 power off, 1 restart, 2 halt. */
  export function reboot(mode: 0 | 1 | 2): void;
  export function sync(): void;
  export function umask(mask: number): number;
}
