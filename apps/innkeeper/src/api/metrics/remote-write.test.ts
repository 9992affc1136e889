import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type Vm, VmSchema } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { RemoteWrite } from './remote-write.ts';

const vm: Vm = create(VmSchema, { id: 'a1', name: 'web', telemetry: { cpu: { count: 2 } } });

/** A store that responds with these statuses in order, and then with 204. */
function store(statuses: number[]) {
  const requests: { readonly url: string; readonly headers: Headers; readonly bytes: number }[] = [];
  const answer: typeof fetch = async (url, init) => {
    const body = init?.body as Uint8Array;
    requests.push({ url: String(url), headers: new Headers(init?.headers), bytes: body.length });
    return new Response(null, { status: statuses.shift() ?? 204 });
  };
  return { requests, fetch: answer };
}

describe('remote write', () => {
  it('remote write sends measurements, with the user of the address as basic authentication', async () => {
    const { requests, fetch } = store([]);
    const url = new URL('http://me:se%20cret@127.0.0.1:1/api/v1/write');
    await using write = new RemoteWrite({ url, vms: () => [vm], log: silentLog, fetch });
    await write.tick(1000);
    assert.equal(requests.length, 1);
    assert.equal(requests[0]?.url, 'http://127.0.0.1:1/api/v1/write');
    assert.equal(requests[0]?.headers.get('authorization'), `Basic ${btoa('me:se cret')}`);
    assert.equal(requests[0]?.headers.get('content-encoding'), 'snappy');
  });

  it('remote write retries after temporary errors, and drops samples that the store refused', async () => {
    const { requests, fetch } = store([503, 204, 400]);
    await using write = new RemoteWrite({ url: new URL('http://x/'), vms: () => [vm], log: silentLog, fetch });
    await write.tick(1000);
    await write.tick(2000);
    assert.equal(requests.length, 2);
    assert.ok((requests[1]?.bytes ?? 0) > (requests[0]?.bytes ?? 0), 'the second request has both samples');
    await write.tick(3000);
    await write.tick(4000);
    assert.equal(requests.length, 4);
    assert.equal(requests[3]?.bytes, requests[2]?.bytes);
  });

  it('remote write keeps the newest samples when a store is down for long', async () => {
    const many = Array.from({ length: 60_000 }, () => vm);
    await using write = new RemoteWrite({
      url: new URL('http://x/'),
      vms: () => many,
      log: silentLog,
      fetch: async () => new Response(null, { status: 503 }),
    });
    for (let at = 0; at < 5; at++) await write.tick(at);
    // Three samples of each VM and tick, of which 250,000 are kept.
    assert.equal(write.dropped, 5 * 3 * 60_000 - 250_000);
  });
});
