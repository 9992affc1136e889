/**
 * Limits of fields and answers that both ends hold: the agent refuses what is beyond them, and the node what a guest says
 * beyond them. What limits the native dialect itself is in `packages/wire/src/native/limits.ts`.
 */

/** Entries of a page, or of a list that is cut, when the request names no number. */
export const defaultPageSize = 200;
/** Entries of a page at most: of folders, processes, VMs, runs and the audit. */
export const maxPageSize = 1000;
/** UTF-16 units of a page token: a name of 255 bytes, escaped, and a number. */
export const maxPageTokenChars = 4096;
/** Characters of an id that a caller makes, such as a process's or an upload's. */
export const maxIdChars = 64;
/** What of an archive is named that was left out. */
export const maxSkippedEntries = 100;
/** UTF-16 units of each of these. */
export const maxSkippedEntryChars = 1024;
/** Bytes of a process's command in a list. */
export const maxCommandBytes = 4096;
/** Linux signals are numbered from 1 to this. */
export const maxSignal = 64;
/** Seconds that a shutdown may wait first: a day. */
export const maxShutdownDelaySeconds = 86_400;

/** Whether a text is 1 to `maxIdChars` characters of [A-Za-z0-9_-]. */
export function isCallerId(text: string): boolean {
  return text.length <= maxIdChars && /^[A-Za-z0-9_-]+$/.test(text);
}

/** Whether a number is that of a Linux signal. */
export function isSignal(signal: number): boolean {
  return signal >= 1 && signal <= maxSignal;
}
