import { HostError } from '@innkeeper/agent-core';
import * as host from 'host';
import type { Reaper } from './reaper.ts';

const SIGKILL = 9;
/** A killed helper that is not gone after this long sleeps in the kernel and is given up. */
const abandonAfterMs = 1000;

/** Runs calls that can hang in forked children, with a deadline. */
export class HelperPool {
  readonly #reaper: Reaper;
  #abandoned = 0;

  constructor(reaper: Reaper) {
    this.#reaper = reaper;
  }

  /** Helpers that could not be killed and are still there. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /**
   * The text that `work` returns, from a child. Rejects with ETIMEDOUT after `timeoutMs`, and with EIO when the child
   * failed. `keepFd` (or -1) stays open in it.
   */
  run(call: string, work: () => string, timeoutMs: number, keepFd = -1): Promise<string> {
    return new Promise((resolve, reject) => {
      const [pid, fd] = host.fork(work, keepFd);
      let text = '';
      let over = false;
      const buffer = new Uint8Array(4096);
      const finish = (settle: () => void): void => {
        if (over) return;
        over = true;
        host.clearTimer(timer);
        host.unwatch(slot);
        host.close(fd);
        settle();
      };
      const slot = host.watch(fd, 1, () => {
        const got = host.readOnce(fd, buffer, 0, buffer.length);
        if (got > 0) text += host.decodeUtf8(buffer.subarray(0, got), false) ?? '';
        else if (got === 0) finish(() => (text === '' ? reject(new HostError('EIO', call)) : resolve(text)));
      });
      const timer = host.setTimer(timeoutMs, () => {
        finish(() => reject(new HostError('ETIMEDOUT', call)));
        this.#kill(pid);
      });
      this.#reaper.onExit(pid, () => undefined);
    });
  }

  #kill(pid: number): void {
    let gone = false;
    let counted = false;
    this.#reaper.onExit(pid, () => {
      gone = true;
      if (counted) this.#abandoned--;
    });
    host.kill(pid, SIGKILL);
    host.setTimer(abandonAfterMs, () => {
      if (gone) return;
      counted = true;
      this.#abandoned++;
    });
  }
}
