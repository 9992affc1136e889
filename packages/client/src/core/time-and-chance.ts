import { randomId, type Timers } from '@innkeeper/kit';

/** The timers of Node and browsers, in the form that kit uses. */
export const timers: Timers = {
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** 128 random bits as 32 hexadecimal digits. (Browsers have `crypto.randomUUID` only in secure contexts.) */
export function newId(): string {
  return randomId((count) => crypto.getRandomValues(new Uint8Array(count)));
}
