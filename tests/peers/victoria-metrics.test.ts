import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { VmSchema } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { RemoteWrite } from '../../apps/innkeeper/src/api/metrics/remote-write.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** Debian's VictoriaMetrics on a free port. */
async function startStore(folder: string): Promise<AsyncDisposable & { readonly address: string }> {
  const port = await freePort();
  const child = spawn(
    'victoria-metrics',
    ['-storageDataPath', folder, '-httpListenAddr', `127.0.0.1:${port}`, '-search.latencyOffset=0s'],
    { stdio: 'ignore' },
  );
  const address = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${address}/health`)).ok);
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

describe('remote write to VictoriaMetrics', () => {
  it('a value written by remote write is found in VictoriaMetrics under its labels', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-victoria-'));
    try {
      await using store = await startStore(folder);
      const vm = create(VmSchema, { id: 'a1', name: 'web', telemetry: { cpu: { count: 2, busyPercent: 12.5 } } });
      await using write = new RemoteWrite({
        url: new URL(`${store.address}/api/v1/write`),
        vms: () => [vm],
        log: silentLog,
      });
      await write.tick(Date.now());
      const query = encodeURIComponent('innkeeper_guest_cpu_busy_percent{vm="web",id="a1"}');
      const value = await until(async () => {
        // Written values are searchable only after a flush.
        await fetch(`${store.address}/internal/force_flush`);
        const answer = (await (await fetch(`${store.address}/api/v1/query?query=${query}`)).json()) as {
          readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
        };
        return answer.data.result[0]?.value[1];
      });
      assert.equal(value, '12.5');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
