import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ListVmsRequestSchema, ListVmsResponseSchema } from '@innkeeper/contract/control';
import { type Metric, makeMetric, median, percentile } from '../metric.ts';
import type { ManyVms } from './many-vms.ts';
import { postProto } from './post-proto.ts';

/** The interval at which a browser with the list open is updated, with all reports in between. */
const betweenMs = 1000;
/** Warm-up requests, before everything is described and compiled. */
const warmUpRounds = 3;

type Request = Exclude<MessageInitShape<typeof ListVmsRequestSchema>, { $typeName: string }>;

const questions: readonly { readonly name: string; readonly request: Request }[] = [
  { name: 'by name', request: { pageSize: 100 } },
  { name: 'by CPU, page 50', request: { pageSize: 100, offset: 5000, sort: '-cpu' } },
  {
    name: 'filtered, by memory',
    request: { pageSize: 100, filter: 'state:running tag:env=prod mem>50 os:debian', sort: '-memory' },
  },
  { name: 'by a word', request: { pageSize: 100, filter: '77' } },
  { name: '1,000 rows', request: { pageSize: 1000, sort: 'uptime' } },
];

/** How long a page of the list takes, over the unix socket, while a fifth of the VMs reports every second. */
export async function* benchList({ vms, socketPath }: ManyVms, rounds: number): AsyncGenerator<Metric> {
  const count = vms.list().length;
  for (const { name, request } of questions) {
    const body = toBinary(ListVmsRequestSchema, create(ListVmsRequestSchema, request));
    const times: number[] = [];
    for (let round = 0; round < rounds + warmUpRounds; round++) {
      vms.report(betweenMs);
      const began = performance.now();
      const answer = await postProto(socketPath, '/innkeeper.control.v1.VmService/ListVms', body);
      if (round >= warmUpRounds) times.push(performance.now() - began);
      const { total } = fromBinary(ListVmsResponseSchema, answer);
      if (total === 0) throw new Error('the list is empty');
    }
    const metric = `list of ${count} VMs, ${name}`;
    yield makeMetric({ metric: `${metric}, p50`, value: median(times), unit: 'ms' });
    const bound = { of: 'value', is: { atMost: 100 } } as const;
    yield makeMetric({ metric: `${metric}, p95`, value: percentile(times, 0.95), unit: 'ms', bound });
  }
}
