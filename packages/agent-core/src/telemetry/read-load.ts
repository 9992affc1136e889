import { hundredths, type NumberFile } from './number-file.ts';

/** /proc/loadavg (proc(5)): three averages, then running and all tasks (threads). undefined if it cannot be read. */
export function readLoad(
  file: NumberFile,
): { oneMinute: number; fiveMinutes: number; fifteenMinutes: number } | undefined {
  const numbers = file.read('/proc/loadavg');
  if (file.count < 6) return undefined;
  return {
    oneMinute: hundredths(numbers[0], numbers[1]),
    fiveMinutes: hundredths(numbers[2], numbers[3]),
    fifteenMinutes: hundredths(numbers[4], numbers[5]),
  };
}
