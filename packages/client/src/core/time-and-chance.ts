import { randomId, type Timers } from '@innkeeper/kit';

/** What Node and browsers both have, in the form in which kit takes it. */
export const timers: Timers = {
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** 128 random bits as 32 hexadecimal digits. Browsers have `crypto.randomUUID` in secure pages only. */
export function newId(): string {
  return randomId((count) => crypto.getRandomValues(new Uint8Array(count)));
}
