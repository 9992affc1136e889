/** /proc/loadavg (proc(5)): three averages, then running/all tasks (threads). */
export function parseLoad(
  text: string,
): { oneMinute: number; fiveMinutes: number; fifteenMinutes: number } | undefined {
  const [one, five, fifteen] = text.split(' ').map(Number);
  if (one === undefined || five === undefined || fifteen === undefined || Number.isNaN(one + five + fifteen))
    return undefined;
  return { oneMinute: one, fiveMinutes: five, fifteenMinutes: fifteen };
}
