import {
  type Freezer,
  type FreezerHelper,
  type FreezerReport,
  type FreezeTarget,
  hasErrno,
} from '@innkeeper/agent-core';
import * as host from 'host';
import type { HelperPool } from './helper-pool.ts';
import { attempt, throwIfRefused } from './helper-result.ts';
import type { Reaper } from './reaper.ts';
import { watchOrClose } from './watch-or-close.ts';
import type { WriteHold } from './write-hold.ts';

/** Outside the agent's own cgroup, with which it could be killed. */
const rootGroup = '/sys/fs/cgroup/cgroup.procs';
const recordBytes = 12;
const ends = ['lost', 'thaw', 'lease', 'agent', 'signal', 'timeout'] as const;

/** Freezing on the C layer: freezer.c, whose records are explained in host.d.ts. */
export function createFreezer(reaper: Reaper, helpers: HelperPool, hold: WriteHold): Freezer {
  return {
    start: (targets, times) => new Helper(reaper, targets, times),
    thaw: async (mountPoint, timeoutMs) => {
      try {
        await helpers.run('thaw', () => attempt(() => host.thaw(mountPoint)), timeoutMs).then(throwIfRefused('thaw'));
        return true;
      } catch (error) {
        if (hasErrno(error, 'EINVAL')) return false;
        throw error;
      }
    },
    trim: async (mountPoint, minimumBytes, timeoutMs) => {
      const text = await helpers.run('trim', () => attempt(() => host.trim(mountPoint, minimumBytes)), timeoutMs);
      return Number(throwIfRefused('trim')(text));
    },
    loopBase: (path) => host.loopBase(path).join(':'),
    holdWrites: (held) => {
      hold.held = held;
    },
  };
}

class Helper implements FreezerHelper {
  readonly #reports: number;
  readonly #commands: number;
  readonly #slot: number;
  /** A record may arrive in two reads. */
  readonly #buffer = new Uint8Array(recordBytes * 64);
  #filled = 0;
  #callback: (report: FreezerReport) => void = () => undefined;
  #ended = false;

  constructor(reaper: Reaper, targets: readonly FreezeTarget[], times: Parameters<Freezer['start']>[1]) {
    const [pid, reports, commands] = host.startFreezer(
      targets.map(({ mountPoint }) => mountPoint),
      targets.flatMap(({ device }) => [device?.major ?? 0, device?.minor ?? 0]),
      rootGroup,
      times.syncMs,
      times.freezeMs,
      times.leaseMs,
    );
    reaper.expect(pid);
    reaper.onExit(pid, () => undefined);
    this.#reports = reports;
    this.#commands = commands;
    // With its commands closed the helper thaws and ends.
    this.#slot = watchOrClose([reports, commands], 1, () => this.#onReadable());
  }

  onReport(callback: (report: FreezerReport) => void): void {
    this.#callback = callback;
  }

  renew(leaseMs: number): void {
    this.#command(1, leaseMs);
  }

  thaw(): void {
    this.#command(2, 0);
  }

  #command(kind: number, value: number): void {
    if (this.#ended) return;
    try {
      host.write(this.#commands, new Uint8Array(new Int32Array([kind, value, 0]).buffer), 0, recordBytes, -1);
    } catch {
      // EPIPE: it has ended, and its last report is on its way.
    }
  }

  #onReadable(): void {
    const got = host.readOnce(this.#reports, this.#buffer, this.#filled, this.#buffer.length - this.#filled);
    if (got < 0) return;
    if (got === 0) {
      this.#report({ kind: 'ended', by: 'lost' });
      return;
    }
    this.#filled += got;
    const whole = Math.floor(this.#filled / recordBytes);
    const numbers = new Int32Array(this.#buffer.slice(0, whole * recordBytes).buffer);
    this.#buffer.copyWithin(0, whole * recordBytes, this.#filled);
    this.#filled -= whole * recordBytes;
    for (let at = 0; at < whole; at++) {
      const [kind = 0, value = 0, errno = 0] = numbers.subarray(at * 3, at * 3 + 3);
      const report = reportOf(kind, value, errno);
      if (report !== undefined) this.#report(report);
    }
  }

  #report(report: FreezerReport): void {
    if (this.#ended) return;
    if (report.kind === 'ended') {
      this.#ended = true;
      host.unwatch(this.#slot);
      host.close(this.#reports);
      host.close(this.#commands);
    }
    this.#callback(report);
  }
}

function reportOf(kind: number, value: number, errno: number): FreezerReport | undefined {
  const ofTarget = { target: value, errno: errno === 0 ? undefined : host.errorName(errno) };
  switch (kind) {
    case 1:
      return { kind: 'opened', ...ofTarget };
    case 2:
      return { kind: 'synced' };
    case 3:
      return { kind: 'frozen', ...ofTarget };
    case 4:
      return { kind: 'held' };
    case 5:
      return { kind: 'renewed', leaseMs: value };
    case 6:
      return { kind: 'thawed', ...ofTarget };
    case 7:
      return { kind: 'ended', by: ends[value] ?? 'lost' };
    default:
      return undefined;
  }
}
