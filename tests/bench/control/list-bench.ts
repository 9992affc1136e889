import { request } from 'node:http';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ListVmsRequestSchema, ListVmsResponseSchema } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { ApiServer } from '../../../apps/innkeeper/src/control/api-server.ts';
import { createLocalNode } from '../../../apps/innkeeper/src/control/local-node.ts';
import { serveApi } from '../../../apps/innkeeper/src/control/testing/serve-api.ts';
import { FleetIndex } from '../../../apps/innkeeper/src/fleet/fleet-index.ts';
import { History } from '../../../apps/innkeeper/src/history/history.ts';
import { type Metric, makeMetric } from '../metric.ts';
import { FakeVms } from './fake-vms.ts';

const vmCount = 10_000;
/** As often as a browser with the list open is told, with all reports that came in between. */
const betweenMs = 1000;

type Request = Exclude<MessageInitShape<typeof ListVmsRequestSchema>, { $typeName: string }>;

const questions: readonly { readonly name: string; readonly request: Request }[] = [
  { name: 'by name', request: { pageSize: 100 } },
  { name: 'by CPU, page 50', request: { pageSize: 100, offset: 5000, sort: '-cpu' } },
  {
    name: 'filtered',
    request: { pageSize: 100, filter: 'state:running tag:env=prod mem>50 os:debian', sort: '-memory' },
  },
];

/** How long a page of a list takes, over the unix socket, while 2,000 of 10,000 VMs report every second. */
export async function* benchList({ quick }: { readonly quick: boolean }): AsyncGenerator<Metric> {
  await using api = await serveApi({});
  const vms = new FakeVms(vmCount);
  const local = createLocalNode(api.node);
  const node = {
    ...local,
    vms: { ...local.vms, list: () => vms.list(), byId: (id: string) => vms.byId(id) },
    fleet: new FleetIndex(vms, '0.2.0'),
  };
  await using history = new History({ blocks: api.store.history, log: silentLog });
  await using server = new ApiServer({ node, access: api.access, history, log: silentLog });
  const socketPath = join(api.socketPath, '..', 'bench.sock');
  await server.listen(socketPath);
  for (const { name, request: question } of questions) {
    const body = toBinary(ListVmsRequestSchema, create(ListVmsRequestSchema, question));
    const times: number[] = [];
    for (let round = 0; round < (quick ? 20 : 200) + 3; round++) {
      vms.report(betweenMs);
      const began = performance.now();
      const answer = await post(socketPath, '/innkeeper.control.v1.VmService/ListVms', body);
      // The first ones find nothing described yet and nothing compiled.
      if (round >= 3) times.push(performance.now() - began);
      const { total } = fromBinary(ListVmsResponseSchema, answer);
      if (total === 0) throw new Error('the list is empty');
    }
    times.sort((one, other) => one - other);
    const p95 = times[Math.floor(times.length * 0.95)] ?? Number.NaN;
    const bound = { of: 'value', is: { atMost: 100 } } as const;
    yield makeMetric({ metric: `list of ${vmCount} VMs ${name}, p95`, value: p95, unit: 'ms', bound });
  }
}

function post(socketPath: string, path: string, body: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/proto' };
    const call = request({ socketPath, method: 'POST', path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${response.statusCode}: ${answer.toString()}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
