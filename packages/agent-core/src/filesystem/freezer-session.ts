import { createDeferred } from '@innkeeper/kit';
import type { FreezeEnd, FreezerHelper } from '../freezer.ts';
import type { Host } from '../host.ts';
import type { FreezeVerdicts } from './freeze-verdicts.ts';

/** Milliseconds to write back caches before the first file system is frozen: writing goes on meanwhile. */
const syncMs = 120_000;
/** Milliseconds from the first frozen file system to the last. */
const freezeMs = 20_000;
const thawTimeoutMs = 5000;

/** One helper, from its start to the thaw. */
export class FreezerSession {
  readonly #host: Host;
  readonly #verdicts: FreezeVerdicts;
  readonly #helper: FreezerHelper;
  readonly #held = createDeferred<string | undefined>();
  readonly #ended = createDeferred<FreezeEnd>();
  /** Why it is given up, once it is. */
  #failure: string | undefined;
  readonly #renewals = new Set<() => void>();
  #leaseEndsMs = Number.POSITIVE_INFINITY;
  #over = false;

  constructor(host: Host, verdicts: FreezeVerdicts, leaseMs: number) {
    this.#host = host;
    this.#verdicts = verdicts;
    this.#helper = host.freezer.start(verdicts.targets, { syncMs, freezeMs, leaseMs });
    this.#helper.onReport((report) => {
      switch (report.kind) {
        case 'opened':
        case 'frozen':
          this.#giveUp(this.#verdicts.take(report.target, report.kind, report.errno));
          break;
        case 'held':
          this.#leaseEndsMs = host.clock.monotonicMs() + leaseMs;
          if (this.#verdicts.frozenCount === 0) this.#giveUp('This guest has no file system that can be frozen.');
          if (this.#failure === undefined) this.#held.resolve(undefined);
          break;
        case 'renewed':
          this.#leaseEndsMs = host.clock.monotonicMs() + report.leaseMs;
          for (const done of [...this.#renewals]) done();
          break;
        case 'ended':
          this.#onEnded(report.by).catch(() => undefined);
          break;
        default:
          break;
      }
    });
  }

  /** Resolves when all are frozen, or with the reason when they are not and all are thawed. */
  get held(): Promise<string | undefined> {
    return this.#held.promise;
  }

  /** Resolves when all are thawed. */
  get ended(): Promise<FreezeEnd> {
    return this.#ended.promise;
  }

  get leaseLeftMs(): number {
    return Math.max(0, Math.round(this.#leaseEndsMs - this.#host.clock.monotonicMs()));
  }

  thaw(): void {
    this.#helper.thaw();
  }

  /** Resolves with whether the lease was renewed: false if it had run out. */
  async renew(leaseMs: number): Promise<boolean> {
    if (this.#over) return false;
    const renewed = createDeferred<boolean>();
    const done = (): void => renewed.resolve(true);
    this.#renewals.add(done);
    this.ended.then(() => renewed.resolve(false)).catch(() => undefined);
    this.#helper.renew(leaseMs);
    try {
      return await renewed.promise;
    } finally {
      this.#renewals.delete(done);
    }
  }

  #giveUp(failure: string | undefined): void {
    if (failure === undefined || this.#failure !== undefined) return;
    this.#failure = failure;
    this.#helper.thaw();
  }

  async #onEnded(by: FreezeEnd): Promise<void> {
    this.#over = true;
    if (by === 'lost') await this.#thawWithoutHelper();
    this.#held.resolve(this.#failure ?? describeEnd(by));
    this.#ended.resolve(by);
  }

  async #thawWithoutHelper(): Promise<void> {
    // EINVAL and the like: it was not frozen.
    for (const mountPoint of this.#verdicts.mountPoints.reverse())
      await this.#host.freezer.thaw(mountPoint, thawTimeoutMs).catch(() => undefined);
  }
}

/** Why a freeze ended that nobody ended by a thaw. */
export function describeEnd(by: FreezeEnd): string {
  switch (by) {
    case 'lease':
      return 'The lease ran out.';
    case 'timeout':
      return 'Freezing took too long.';
    case 'signal':
      return 'The process that held the freeze was told to stop.';
    case 'lost':
      return 'The process that held the freeze was killed.';
    case 'agent':
      return 'The agent ended.';
    case 'thaw':
      return 'It was thawed before all file systems were frozen.';
  }
}
