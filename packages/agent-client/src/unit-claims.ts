import type { GetUnitResponse } from '@innkeeper/contract/agent';
import { maxUnitLogLines } from '@innkeeper/contract/limits';
import { checkCount, misbehaves } from './list-claims.ts';

/** An answer about one service must have it. */
export function checkUnit(_: unknown, { unit, log }: GetUnitResponse): void {
  if (unit === undefined) throw misbehaves('An answer about a service has no service.');
  checkCount(log.length, maxUnitLogLines, 'lines of a log');
}
