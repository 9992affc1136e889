import { OperationError } from '@innkeeper/contract/errors';
import type { Rule } from '../config/agent-config.ts';
import { isFeature } from '../config/config-checks.ts';
import type { MethodRules } from '../dispatch.ts';
import type { Clock } from '../host.ts';

const minuteMs = 60_000;

/** A limit with the calls that it still allows: as many as in a minute at once, and then at its rate. */
interface Bucket {
  readonly feature: string;
  readonly rule: string;
  readonly perMinute: number;
  left: number;
  filledMs: number;
}

/** Calls per minute of the features that a policy limits. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #buckets: readonly Bucket[];

  constructor(limits: ReadonlyMap<string, Rule<number>>, clock: Clock, where: (rule: string, line: number) => string) {
    this.#clock = clock;
    const filledMs = clock.monotonicMs();
    this.#buckets = [...limits].map(([feature, { value, line }]) => ({
      feature,
      rule: where(`rate_limits.${feature}`, line),
      perMinute: value,
      left: value,
      filledMs,
    }));
  }

  /**
   * Counts a call; the error if one of its limits is used up, and then it counts for none.
   * @param capabilities those that the call belongs to
   */
  refusal(capabilities: readonly string[], { isPrivileged }: MethodRules): OperationError | undefined {
    const own = this.#buckets.filter(({ feature }) =>
      feature === 'all' ? isPrivileged === true : capabilities.some((each) => isFeature(each, feature)),
    );
    for (const bucket of own) {
      const now = this.#clock.monotonicMs();
      bucket.left = Math.min(bucket.perMinute, bucket.left + ((now - bucket.filledMs) * bucket.perMinute) / minuteMs);
      bucket.filledMs = now;
      if (bucket.left < 1) {
        const waitMs = Math.ceil(((1 - bucket.left) * minuteMs) / bucket.perMinute);
        return new OperationError(
          'GUEST_RATE_LIMITED',
          `The policy of this guest allows ${bucket.perMinute} such calls in a minute: ${bucket.rule}. Try again in ${waitMs} ms.`,
        );
      }
    }
    for (const bucket of own) bucket.left--;
    return undefined;
  }
}
