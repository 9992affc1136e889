import type { SystemSettings } from '@innkeeper/contract/agent';
import { clean } from '../output/clean.ts';

/** The settings of a guest, one per line; those that it does not have are left out. */
export function describeSettings(settings: SystemSettings): string {
  const { hostname, machineId, timeZone, locale, hostKeys } = settings;
  const pairs = [
    ['hostname', hostname],
    ['machine id', machineId],
    ['time zone', timeZone],
    ['locale', locale],
    ...hostKeys.map((key) => ['host key', key] as const),
  ] as const;
  return pairs
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(12)}${clean(value)}\n`)
    .join('');
}
