/**
 * Limits of fields and responses that both ends enforce: the agent rejects requests beyond them, and the node rejects
 * responses of a guest beyond them. The limits of the native dialect itself are in `packages/wire/src/native/limits.ts`.
 */

/**
 * Maximum bytes of one request to an agent: arguments and environment up to Linux's limit (2 MiB), and the rest of an exec.
 * A request longer than a frame is sent in parts.
 */
export const maxRequestBytes = 2 * 1024 * 1024 + 64 * 1024;
/** Entries of a page, or of a list that is cut, when the request names no number. */
export const defaultPageSize = 200;
/** Maximum number of entries of a page: of folders, processes, VMs, runs and the audit. */
export const maxPageSize = 1000;
/** UTF-16 units of a page token: a name of 255 bytes, escaped, and a number. */
export const maxPageTokenChars = 4096;
/** Maximum characters of an id that a caller chooses, such as a process's or an upload's. */
export const maxIdChars = 64;
/** How many of the paths left out of an archive are reported. */
export const maxSkippedEntries = 100;
/** Maximum UTF-16 units of each of these paths. */
export const maxSkippedEntryChars = 1024;
/** Maximum bytes of a process's command in a list. */
export const maxCommandBytes = 4096;
/** Linux signals are numbered from 1 to this. */
export const maxSignal = 64;
/** Maximum delay of a shutdown, in seconds: one day. */
export const maxShutdownDelaySeconds = 86_400;
/** Maximum UTF-16 units of a shutdown's message to users. */
export const maxShutdownMessageChars = 1024;
/** Maximum number of CPUs or blocks of memory that one call changes. */
export const maxHardwareIds = 256;

/** Maximum number of mount points that a freeze or trim may name. */
export const maxNamedMounts = 1024;
/** Maximum number of file systems in the report of a freeze or trim. */
export const maxReportedFilesystems = 128;
/** Limits and default of a freeze's lease, in milliseconds; `longest` is that of `longest_lease`, the 31 bits of the freezer's clock: about 24 days. */
export const freezeLeaseMs = { min: 1_000, default: 10_000, max: 3_600_000, longest: 0x7fff_ffff } as const;
/** Limit and default of the time for each hook of a freeze, in milliseconds. */
export const freezeHookMs = { default: 10_000, max: 300_000 } as const;
/** Maximum UTF-16 units of a hook's output in a report. */
export const maxHookOutputChars = 1024;
/** Maximum number of hooks of one kind; later ones by name do not run. */
export const maxHooks = 32;

/** Maximum number of earlier entries of a log. */
export const maxLogLines = 10_000;
/** Maximum UTF-16 units of the message of an entry; longer ones are cut. */
export const maxLogMessageChars = 8000;
/** Maximum UTF-16 units of a text that is searched in a log. */
export const maxLogTextChars = 256;
/** Limit and default of the time for starting or stopping a unit, in milliseconds. systemd itself waits 90 s. */
export const unitControlMs = { default: 100_000, max: 300_000 } as const;
/** Maximum number of the last lines of a unit's log. */
export const maxUnitLogLines = 20;
/** Maximum UTF-16 units of each of these lines. */
export const maxUnitLogLineChars = 1000;
/** Limits and default of the time in which a change of the network must be confirmed, in milliseconds. */
export const networkConfirmMs = { min: 5_000, default: 60_000, max: 3_600_000 } as const;
/** Maximum addresses of a family, name servers, search domains and routes in a change of the network. */
export const maxNetworkSettings = { addresses: 16, dns: 8, search: 8, routes: 32 } as const;
/** Maximum number of interfaces in a report of the network, and of addresses and of routes of each. */
export const maxReportedInterfaces = 64;
/** Maximum number of name servers, and of search domains, in a report of the network. */
export const maxReportedResolvers = 16;
/** Limits of an MTU in bytes; with IPv6 addresses at least 1,280. */
export const networkMtu = { min: 576, minIpv6: 1280, max: 65_535 } as const;

/** Whether a text is 1 to `maxIdChars` characters of [A-Za-z0-9_-]. */
export function isCallerId(text: string): boolean {
  return text.length <= maxIdChars && /^[A-Za-z0-9_-]+$/.test(text);
}

/** Whether a number is a valid Linux signal number. */
export function isSignal(signal: number): boolean {
  return signal >= 1 && signal <= maxSignal;
}

/** No clock of a running guest is later: the year 2116. The difference of two such times fits into 64 bits. */
const lastClockNs = 2n ** 62n;

/** Whether a guest's clock can have this time, in nanoseconds since the Unix epoch: Linux' clock is never before that. */
export function isClockTime(unixNs: bigint): boolean {
  return unixNs >= 0n && unixNs < lastClockNs;
}
