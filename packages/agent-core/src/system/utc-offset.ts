import type { Host } from '../host.ts';
import { programPath } from '../program-path.ts';

const timeoutMs = 10_000;

/** The guest's own date(1) knows its time zone and when it changes. Nothing if it cannot be asked. */
export async function readOffset(
  host: Host,
): Promise<{ readonly zoneAbbreviation?: string; readonly utcOffsetSeconds?: number }> {
  const program = programPath(host, 'date');
  if (program === undefined) return {};
  try {
    const { stdout } = await host.jobs.run([program, '+%z %Z'], { timeoutMs });
    const [, sign, hours, minutes, zoneAbbreviation = ''] = /^([+-])(\d\d)(\d\d) (\S{1,32})$/m.exec(stdout) ?? [];
    if (sign === undefined) return {};
    const seconds = (Number(hours) * 60 + Number(minutes)) * 60;
    return { zoneAbbreviation, utcOffsetSeconds: sign === '-' ? -seconds : seconds };
  } catch {
    // It took too long or could not be started: the offset is not known.
    return {};
  }
}
