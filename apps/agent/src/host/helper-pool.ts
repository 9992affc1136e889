import { HostError } from '@innkeeper/agent-core';
import * as host from 'host';
import { killQuietly } from './kill-quietly.ts';
import type { Reaper } from './reaper.ts';
import { watchOrClose } from './watch-or-close.ts';

/** A killed helper that has not exited after this many milliseconds hangs in the kernel and is abandoned. */
const abandonAfterMs = 1000;

/** Runs calls that can hang in forked children, with a deadline. */
export class HelperPool {
  readonly #reaper: Reaper;
  #abandoned = 0;

  constructor(reaper: Reaper) {
    this.#reaper = reaper;
  }

  /** Helpers that could not be killed and still exist. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /**
   * Runs `work` in a child and returns its text. Rejects with ETIMEDOUT after `timeoutMs`, and with EIO if the child
   * failed. `keepFd` (or -1) stays open in it.
   */
  run(call: string, work: () => string, timeoutMs: number, keepFd = -1): Promise<string> {
    return new Promise((resolve, reject) => {
      const [pid, fd] = host.fork(work, keepFd);
      this.#reaper.expect(pid);
      this.#reaper.onExit(pid, () => undefined);
      let text = '';
      const buffer = new Uint8Array(4096);
      const finish = (): void => {
        host.clearTimer(timer);
        host.unwatch(slot);
        host.close(fd);
      };
      const onReadable = (): void => {
        const got = host.readOnce(fd, buffer, 0, buffer.length);
        if (got > 0) text += host.decodeUtf8(buffer.subarray(0, got), false) ?? '';
        if (got !== 0) return;
        finish();
        if (text === '') reject(new HostError('EIO', call));
        else resolve(text);
      };
      const slot = this.#watch(pid, fd, onReadable);
      const timer = host.setTimer(timeoutMs, () => {
        finish();
        reject(new HostError('ETIMEDOUT', call));
        this.#kill(pid);
      });
    });
  }

  #watch(pid: number, fd: number, callback: () => void): number {
    try {
      return watchOrClose([fd], 1, callback);
    } catch (error) {
      this.#kill(pid);
      throw error;
    }
  }

  #kill(pid: number): void {
    let gone = false;
    let counted = false;
    const isRunning = this.#reaper.onExit(pid, () => {
      gone = true;
      if (counted) this.#abandoned--;
    });
    if (!isRunning) return;
    killQuietly(pid);
    host.setTimer(abandonAfterMs, () => {
      if (gone) return;
      counted = true;
      this.#abandoned++;
    });
  }
}
