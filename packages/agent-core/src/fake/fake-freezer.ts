import type { FreezeEnd, Freezer, FreezerHelper, FreezerReport, FreezeTarget } from '../freezer.ts';
import type { Clock } from '../host.ts';
import { HostError } from '../host-error.ts';

/** Freezes in memory. Reports arrive as soon as something listens, in turns of their own. */
export class FakeFreezer implements Freezer {
  readonly #clock: Clock;
  /** Mount points that are frozen now, in the order of freezing. */
  readonly frozen: string[] = [];
  /** What freezing or trimming answers instead of success, by mount point. */
  readonly errors = new Map<string, string>();
  /** What was thawed, in order. */
  readonly thawed: string[] = [];
  /** What loopBase answers, by path. */
  readonly loopBases = new Map<string, string>();
  areWritesHeld = false;
  #helper: FakeFreezerHelper | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(targets: readonly FreezeTarget[], { leaseMs }: Parameters<Freezer['start']>[1]): FreezerHelper {
    this.#helper = new FakeFreezerHelper(this, this.#clock, targets, leaseMs);
    return this.#helper;
  }

  /** Ends the current helper as if by a signal, or by being killed, when it thaws nothing. */
  end(by: FreezeEnd): void {
    this.#helper?.end(by);
  }

  async thaw(mountPoint: string): Promise<boolean> {
    const at = this.frozen.indexOf(mountPoint);
    if (at >= 0) this.thawed.push(...this.frozen.splice(at, 1));
    return at >= 0;
  }

  async trim(mountPoint: string): Promise<number> {
    const errno = this.errors.get(mountPoint);
    if (errno !== undefined) throw new HostError(errno, 'trim', mountPoint);
    return 1024 * 1024;
  }

  loopBase(path: string): string {
    const base = this.loopBases.get(path);
    if (base === undefined) throw new HostError('ENXIO', 'loopBase', path);
    return base;
  }

  holdWrites(held: boolean): void {
    this.areWritesHeld = held;
  }
}

class FakeFreezerHelper implements FreezerHelper {
  readonly #freezer: FakeFreezer;
  readonly #clock: Clock;
  #callback: ((report: FreezerReport) => void) | undefined;
  #cancelLease: () => void = () => undefined;
  #ended = false;

  constructor(freezer: FakeFreezer, clock: Clock, targets: readonly FreezeTarget[], leaseMs: number) {
    this.#freezer = freezer;
    this.#clock = clock;
    this.#later(() => {
      targets.forEach(({ mountPoint }, target) => {
        const errno = freezer.errors.get(mountPoint);
        if (errno === undefined) freezer.frozen.push(mountPoint);
        this.#report({ kind: 'frozen', target, errno });
      });
      this.#lease(leaseMs);
      this.#report({ kind: 'held' });
    });
  }

  onReport(callback: (report: FreezerReport) => void): void {
    this.#callback = callback;
  }

  renew(leaseMs: number): void {
    this.#later(() => {
      this.#cancelLease();
      this.#lease(leaseMs);
      this.#report({ kind: 'renewed', leaseMs });
    });
  }

  thaw(): void {
    this.#later(() => this.end('thaw'));
  }

  end(by: FreezeEnd): void {
    if (this.#ended) return;
    this.#cancelLease();
    if (by !== 'lost') this.#freezer.thawed.push(...this.#freezer.frozen.splice(0).reverse());
    this.#report({ kind: 'ended', by });
    this.#ended = true;
  }

  #lease(leaseMs: number): void {
    this.#cancelLease = this.#clock.setTimer(leaseMs, () => this.end('lease'));
  }

  #later(work: () => void): void {
    Promise.resolve()
      .then(() => {
        if (!this.#ended) work();
      })
      .catch(() => undefined);
  }

  #report(report: FreezerReport): void {
    if (!this.#ended) this.#callback?.(report);
  }
}
