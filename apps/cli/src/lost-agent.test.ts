import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { createClient } from '@innkeeper/client';
import { AgentState, type Vm } from '@innkeeper/contract/control';
import { linkSignals, silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { remoteSamples } from '../../innkeeper/src/api/metrics/remote-samples.ts';
import { httpCall } from '../../innkeeper/src/api/testing/http-call.ts';
import { type ServedApi, serveApi } from '../../innkeeper/src/api/testing/serve-api.ts';
import { vmMessage } from '../../innkeeper/src/node/vm/vm-message.ts';
import type { VmRunner } from '../../innkeeper/src/node/vm/vm-runner.ts';
import { runInn } from './testing/run-inn.ts';

const clock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});
const timeout = AbortSignal.timeout(240_000);

/** What people and programs see of the VM "one". */
interface Outputs {
  readonly ls: Record<string, string>;
  readonly top: string;
  readonly show: string;
  readonly metrics: string;
  readonly written: readonly string[];
  readonly socket: Record<string, number | string | null>;
  readonly sdk: Vm;
}

describe('a VM whose agent is lost', { timeout: 300_000 }, () => {
  const gone = new AbortController();
  let api: ServedApi;
  let runner: VmRunner;
  let connected: Outputs;
  let lost: Outputs;

  const inn = async (...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runInn(api.socketPath, words);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  const outputs = async (): Promise<Outputs> => {
    const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/one/metrics/ws`);
    const [message] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    const [titles = '', row = ''] = (await inn('ls')).split('\n');
    const starts = [...titles.matchAll(/\S+/g)];
    return {
      ls: Object.fromEntries(
        starts.map(({ 0: title, index }, at) => [title, row.slice(index, starts[at + 1]?.index).trim()]),
      ),
      top: await inn('top'),
      show: await inn('show', 'one'),
      metrics: (await httpCall(api.socketPath, 'GET', '/metrics')).body.toString(),
      written: remoteSamples([vmMessage(runner)], Date.now()).map(({ name }) => name),
      socket: JSON.parse(message.toString()),
      sdk: await createClient({ socketPath: api.socketPath }).vm('one').get(),
    };
  };

  before(async () => {
    const agent = createAgent(new FakeHost({ clock }), silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => {
        gone.signal.addEventListener('abort', () => channel.close());
        void agent.serveChannel(channel, 'native', linkSignals(signal, gone.signal).signal).catch(() => undefined);
      },
    });
    runner = await api.createVm('one');
    await runner.until(() => runner.agent.telemetry !== undefined, timeout);
    const machine = api.driver.host.machine(runner.row.id);
    assert.ok(machine);
    machine.diskUsage = { readBytes: 3n << 20n, writtenBytes: 5n << 20n };
    // Each sample asks for the counters of the next one.
    runner.sampleUsage(Date.now());
    await until(() => {
      runner.sampleUsage(Date.now());
      return vmMessage(runner).hypervisor?.diskReadBytes !== undefined;
    });
    connected = await outputs();
    gone.abort();
    await runner.until(() => runner.agent.state.state === 'lost', timeout);
    lost = await outputs();
  });
  after(() => api[Symbol.asyncDispose]());

  it('inn ls and inn top show no figures of a lost agent, only the hypervisor’s', () => {
    for (const title of ['ADDRESS', 'MEMORY', 'DISK', 'UPTIME']) {
      assert.notEqual(connected.ls[title], '–', title);
      assert.equal(lost.ls[title], '–', title);
    }
    assert.deepEqual([lost.ls['AGENT'], lost.ls['CPU']], ['lost', '–']);
    assert.match(connected.top, /connected .*391 MiB \/ 977 MiB +0\.10 +88 % \/ +\d+/);
    assert.match(lost.top, /\none +running +lost +– +– +– +– +– +[\d.]+ % +64 MiB\n/);
  });

  it('inn show names the lost agent, when it was last seen, and no figures of the guest', () => {
    assert.match(connected.show, /guest \(reported by the agent\)\n(.*\n)* +memory +391 MiB/);
    assert.match(lost.show, /agent\n +state +lost\n +why .*\n(.*\n)* +last seen +20/);
    assert.doesNotMatch(lost.show, /guest \(reported|391 MiB|MOUNT/);
    assert.match(lost.show, /hypervisor \(on the host\)\n(.*\n)* +memory +64 MiB/);
  });

  it('/metrics and remote write have no series of a guest whose agent is lost', () => {
    const guestSeries = /^innkeeper_guest_\w+\{/gm;
    assert.ok((connected.metrics.match(guestSeries)?.length ?? 0) > 15);
    assert.deepEqual(lost.metrics.match(guestSeries), null);
    assert.match(lost.metrics, /^innkeeper_agents\{state="lost"\} 1$/m);
    assert.match(lost.metrics, /^innkeeper_hypervisor_rss_bytes\{vm="one"/m);
    const ofGuest = (names: readonly string[]): string[] => names.filter((name) => name.startsWith('innkeeper_guest'));
    assert.ok(ofGuest(connected.written).length > 15);
    assert.deepEqual(ofGuest(lost.written), []);
    assert.ok(lost.written.includes('innkeeper_hypervisor_rss_bytes'));
  });

  it('the metrics WebSocket sends null for every figure of a guest whose agent is lost', () => {
    assert.equal(connected.socket['memory_usage_percent'], 40);
    const { disk_read_bytes, disk_write_bytes, disk_source, ...ofGuest } = lost.socket;
    assert.ok(Object.values(ofGuest).every((value) => value === null));
    assert.deepEqual([disk_read_bytes, disk_write_bytes, disk_source], [3 << 20, 5 << 20, 'hypervisor']);
    assert.deepEqual(Object.keys(lost.socket), Object.keys(connected.socket));
  });

  it('the disk counters of the hypervisor are shown with their source, whether or not the agent is connected', () => {
    for (const { sdk, show, metrics, written } of [connected, lost]) {
      assert.deepEqual([sdk.hypervisor?.diskReadBytes, sdk.hypervisor?.diskWrittenBytes], [3n << 20n, 5n << 20n]);
      assert.match(show, /hypervisor \(on the host\)\n(.*\n)* +disk +3 MiB read, 5 MiB written/);
      assert.match(metrics, /^innkeeper_disk_read_bytes_total\{vm="one",id=".*",source="hypervisor"\} 3145728$/m);
      assert.match(metrics, /^innkeeper_disk_written_bytes_total\{vm="one",id=".*",source="hypervisor"\} 5242880$/m);
      assert.ok(written.includes('innkeeper_disk_read_bytes_total'));
    }
  });

  it('the SDK’s VM has no telemetry while its agent is lost, and the time of the last report', () => {
    assert.notEqual(connected.sdk.telemetry, undefined);
    assert.deepEqual([lost.sdk.agent?.state, lost.sdk.telemetry], [AgentState.LOST, undefined]);
    const { clockOffsetNs, telemetryUnixNs = 0n } = lost.sdk.agent ?? {};
    assert.equal(clockOffsetNs, undefined);
    assert.ok(telemetryUnixNs >= (connected.sdk.agent?.telemetryUnixNs ?? 0n) && telemetryUnixNs > 0n);
  });
});
