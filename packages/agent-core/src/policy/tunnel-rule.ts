import type { OperationError } from '@innkeeper/contract/errors';
import type { Rule } from '../config/agent-config.ts';
import { portRange } from '../config/config-checks.ts';

/**
 * The check that a tunnel leads to one of these ports or sockets only: a port, or where a socket really is.
 * @throws OperationError DENIED_BY_GUEST_POLICY
 */
export function tunnelRule(
  targets: Rule<readonly string[]>,
  rule: string,
  denial: (what: string, rule: string) => OperationError,
): (target: number | string) => void {
  return (target) => {
    const isAllowed = targets.value.some((each) => {
      if (typeof target === 'string') return each === target;
      const range = portRange(each);
      return range !== undefined && range.first <= target && target <= range.last;
    });
    const name = typeof target === 'string' ? target.slice(0, 200) : `port ${target}`;
    if (!isAllowed) throw denial(`a tunnel to ${name}`, rule);
  };
}
