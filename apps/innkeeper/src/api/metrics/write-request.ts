import { create, toBinary } from '@bufbuild/protobuf';
import { WriteRequestSchema } from '@innkeeper/contract/remote-write';
import { compress } from 'snappyjs';

/** A measured value to be sent to a remote store. */
export interface RemoteSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timeMs: number;
}

/**
 * The body of a remote write: `prometheus.WriteRequest`, snappy-compressed in one block
 * (https://prometheus.io/docs/specs/prw/remote_write_spec/, version 1.0). Samples of one series must be in order of time.
 */
export function encodeWriteRequest(samples: readonly RemoteSample[]): Uint8Array {
  const series = Map.groupBy(samples, ({ name, labels }) => JSON.stringify([name, labels]));
  const timeseries = [...series.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return {
      labels: sortedLabels(first),
      samples: group.map(({ value, timeMs }) => ({ value, timestamp: BigInt(timeMs) })),
    };
  });
  return compress(toBinary(WriteRequestSchema, create(WriteRequestSchema, { timeseries })));
}

/** The specification requires labels in order of their names. */
function sortedLabels({ name, labels }: RemoteSample): { readonly name: string; readonly value: string }[] {
  return Object.entries({ __name__: name, ...labels })
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ name: label, value }));
}
