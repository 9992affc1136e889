import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { compress } from 'snappyjs';

/** One measured value on its way to a remote store. */
export interface RemoteSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timeMs: number;
}

/**
 * The body of a remote write: `prometheus.WriteRequest`, snappy-compressed in one block
 * (https://prometheus.io/docs/specs/prw/remote_write_spec/, version 1.0). Samples of one series come oldest first.
 */
export function encodeWriteRequest(samples: readonly RemoteSample[]): Uint8Array {
  const series = Map.groupBy(samples, ({ name, labels }) => JSON.stringify([name, labels]));
  const writer = new BinaryWriter();
  for (const group of series.values()) {
    const [first] = group;
    if (first === undefined) continue;
    writer.tag(1, WireType.LengthDelimited).fork();
    for (const [name, value] of sortedLabels(first)) writeLabel(writer, name, value);
    for (const { value, timeMs } of group)
      writer
        .tag(2, WireType.LengthDelimited)
        .fork()
        .tag(1, WireType.Bit64)
        .double(value)
        .tag(2, WireType.Varint)
        .int64(timeMs)
        .join();
    writer.join();
  }
  return compress(writer.finish());
}

/** The specification wants them in order of their names. */
function sortedLabels({ name, labels }: RemoteSample): [string, string][] {
  return Object.entries({ __name__: name, ...labels })
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function writeLabel(writer: BinaryWriter, name: string, value: string): void {
  writer
    .tag(1, WireType.LengthDelimited)
    .fork()
    .tag(1, WireType.LengthDelimited)
    .string(name)
    .tag(2, WireType.LengthDelimited)
    .string(value)
    .join();
}
