import { randomId, type Timers, timersOf } from '@innkeeper/kit';

/** The timers of Node and browsers, in the form that kit uses. */
export const timers: Timers = timersOf(globalThis);

/** 128 random bits as 32 hexadecimal digits. (Browsers have `crypto.randomUUID` only in secure contexts.) */
export function newId(): string {
  return randomId((count) => crypto.getRandomValues(new Uint8Array(count)));
}
