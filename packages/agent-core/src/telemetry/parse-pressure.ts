import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PressureSchema } from '@innkeeper/contract/agent';

/** A file of /proc/pressure (Documentation/accounting/psi.rst): a line "some", and for most a line "full". */
export function parsePressure(text: string): MessageInitShape<typeof PressureSchema> | undefined {
  const some = parseLine(text, 'some');
  if (some === undefined) return undefined;
  const full = parseLine(text, 'full');
  return {
    someAvg10: some.avg10,
    someAvg60: some.avg60,
    someAvg300: some.avg300,
    someTotalUs: some.totalUs,
    ...(full === undefined
      ? {}
      : { fullAvg10: full.avg10, fullAvg60: full.avg60, fullAvg300: full.avg300, fullTotalUs: full.totalUs }),
  };
}

function parseLine(
  text: string,
  name: string,
): { avg10: number; avg60: number; avg300: number; totalUs: bigint } | undefined {
  for (const line of text.split('\n')) {
    const match = /^(\w+) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/.exec(line);
    if (match?.[1] === name)
      return {
        avg10: Number(match[2]),
        avg60: Number(match[3]),
        avg300: Number(match[4]),
        totalUs: BigInt(match[5] ?? 0),
      };
  }
  return undefined;
}
