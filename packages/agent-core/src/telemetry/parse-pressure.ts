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

/** The line that begins with this name: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0". */
function parseLine(
  text: string,
  name: string,
): { avg10: number; avg60: number; avg300: number; totalUs: bigint } | undefined {
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    if (words[0] !== name) continue;
    const avg10 = Number(afterKey(words[1], 'avg10='));
    const avg60 = Number(afterKey(words[2], 'avg60='));
    const avg300 = Number(afterKey(words[3], 'avg300='));
    const total = afterKey(words[4], 'total=');
    if (Number.isNaN(avg10 + avg60 + avg300) || total === undefined || !/^\d+$/.test(total)) return undefined;
    return { avg10, avg60, avg300, totalUs: BigInt(total) };
  }
  return undefined;
}

function afterKey(word: string | undefined, key: string): string | undefined {
  return word?.startsWith(key) === true && word.length > key.length ? word.slice(key.length) : undefined;
}
