import type { Log } from '@innkeeper/kit';
import type { MethodRules } from './dispatch.ts';
import type { Clock } from './host.ts';

/** Lines of one method in a row; further calls are counted and logged as one line when the time is over. */
const maxLines = 20;
const withinMs = 10_000;

interface Recent {
  readonly endMs: number;
  calls: number;
}

/**
 * The guest's own record of what its host does: one line for each privileged call, with the method and nothing of its
 * content. A file that is fetched in thousands of pieces does not fill the log.
 */
export class CallLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #recent = new Map<string, Recent>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param refused the reason with which it is refused; undefined: it is allowed */
  add({ name, isPrivileged }: MethodRules, refused: string | undefined): void {
    if (isPrivileged !== true && refused === undefined) return;
    const method = name.slice(name.lastIndexOf('.') + 1);
    const key = `${method} ${refused ?? ''}`;
    const now = this.#clock.monotonicMs();
    let recent = this.#recent.get(key);
    if (recent === undefined || recent.endMs <= now) {
      recent = { endMs: now + withinMs, calls: 0 };
      this.#recent.set(key, recent);
    }
    recent.calls++;
    if (recent.calls <= maxLines) this.#write(method, refused);
    else if (recent.calls === maxLines + 1) this.#countUntilEnd(recent, method, refused);
  }

  #countUntilEnd(recent: Recent, method: string, refused: string | undefined): void {
    this.#clock.setTimer(recent.endMs - this.#clock.monotonicMs(), () =>
      this.#write(method, refused, recent.calls - maxLines),
    );
  }

  #write(method: string, refused: string | undefined, more?: number): void {
    if (refused === undefined) this.#log.info('call', { method, more });
    else this.#log.warn('call.refused', { method, reason: refused, more });
  }
}
