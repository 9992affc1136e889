import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PressureSchema } from '@innkeeper/contract/agent';
import { hundredths, type NumberFile } from './number-file.ts';

/** Three averages of two numbers each, a total, and the end of the line. */
const numbersInLine = 8;

/**
 * A file in /proc/pressure (Documentation/accounting/psi.rst): a line "some avg10=0.00 avg60=0.00 avg300=0.00 total=0",
 * and mostly a line "full". undefined if this kernel has no such file.
 */
export function readPressure(
  file: NumberFile,
  name: 'cpu' | 'memory' | 'io',
): MessageInitShape<typeof PressureSchema> | undefined {
  const numbers = file.read(`/proc/pressure/${name}`);
  if (!hasLine(numbers, file.count, 0)) return undefined;
  const pressure: MessageInitShape<typeof PressureSchema> = {
    someAvg10: hundredths(numbers[0], numbers[1]),
    someAvg60: hundredths(numbers[2], numbers[3]),
    someAvg300: hundredths(numbers[4], numbers[5]),
    someTotalUs: BigInt(numbers[6] ?? 0),
  };
  if (!hasLine(numbers, file.count, numbersInLine)) return pressure;
  pressure.fullAvg10 = hundredths(numbers[8], numbers[9]);
  pressure.fullAvg60 = hundredths(numbers[10], numbers[11]);
  pressure.fullAvg300 = hundredths(numbers[12], numbers[13]);
  pressure.fullTotalUs = BigInt(numbers[14] ?? 0);
  return pressure;
}

/** Whether all numbers of a line, and its end, are at a position. */
function hasLine(numbers: Float64Array, count: number, start: number): boolean {
  const end = start + numbersInLine - 1;
  if (count <= end || !Number.isNaN(numbers[end])) return false;
  for (let at = start; at < end; at++) if (Number.isNaN(numbers[at])) return false;
  return true;
}
