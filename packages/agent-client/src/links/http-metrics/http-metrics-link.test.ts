import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { parseAgentAddress } from '@innkeeper/contract';
import type { Telemetry } from '@innkeeper/contract/agent';
import { until } from '@innkeeper/kit/testing';
import { createAdoptedLink } from '../create-adopted-link.ts';

const usual = {
  cpu_usage_percent: 7.5,
  memory_usage_percent: 25,
  memory_used_kb: 1024,
  memory_total_kb: 4096,
  memory_available_kb: 3072,
  uptime_seconds: 99,
  load_average: null,
  process_count: 42,
};

/** An HTTP metrics agent, written from the contract; `metrics` is the body of /metrics, or what to do instead. */
async function linked(metrics: object | string = usual, isConnected = true) {
  await using stack = new AsyncDisposableStack();
  const server = createServer((request, response) => {
    if (request.url === '/health') response.end(JSON.stringify({ status: 'healthy', timestamp: 1, version: '0.1.0' }));
    else if (typeof metrics === 'string') response.end(metrics);
    else response.end(JSON.stringify(metrics));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const address = parseAgentAddress(`http://127.0.0.1:${port}`);
  const link = stack.use(createAdoptedLink({ address, nodeVersion: '1', sampleMs: 20 }));
  const reports: Telemetry[] = [];
  link.onTelemetry((report) => reports.push(report));
  if (isConnected) await until(() => reports.length > 0);
  const owned = stack.move();
  return { link, reports, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('a link to an HTTP metrics agent', () => {
  it('reports the documented fields in bytes; null is unknown', async () => {
    await using one = await linked();
    const report = one.reports[0];
    assert.deepEqual(
      [report?.memory?.totalBytes, report?.memory?.usedBytes, report?.memory?.availableBytes],
      [4096n * 1024n, 1024n * 1024n, 3072n * 1024n],
    );
    assert.deepEqual(
      [report?.cpu?.busyPercent, report?.uptimeSeconds, report?.processCount, report?.load],
      [7.5, 99n, 42, undefined],
    );
    assert.equal((await one.link.ping()).agentVersion, 'HTTP agent 0.1.0');
  });

  it('can do nothing but report, and refuses the rest by its capability', async () => {
    await using one = await linked();
    assert.deepEqual([...one.link.capabilities], ['telemetry']);
    await using session = one.link.exec({ argv: ['true'] });
    await assert.rejects(
      async () => {
        for await (const _ of session.events) assert.fail('it ran');
      },
      { reason: 'UNSUPPORTED_BY_AGENT', message: /"exec"/ },
    );
  });

  it('has the documents’ port by default, and another where it is named', () => {
    assert.deepEqual(parseAgentAddress('http://10.0.0.5'), {
      kind: 'http',
      host: '10.0.0.5',
      port: 8080,
      dialect: 'http',
    });
    assert.deepEqual(parseAgentAddress('http://[fd00::1]:9000'), {
      kind: 'http',
      host: 'fd00::1',
      port: 9000,
      dialect: 'http',
    });
  });

  for (const [what, body] of [
    ['garbage', 'garbage'],
    ['a list', '[1, 2]'],
    ['an endless body', 'x'.repeat(1024 * 1024)],
  ] as const)
    it(`is lost when the agent answers with ${what}`, async () => {
      await using one = await linked(body, false);
      const states: string[] = [];
      one.link.onState((state) => states.push(state.state === 'lost' ? state.reason : state.state));
      await until(() => states.some((state) => /GET \/metrics/.test(state)));
      assert.deepEqual(one.reports, []);
    });

  it('leaves out what is not a number', async () => {
    await using one = await linked({ cpu_usage_percent: 'x', memory_total_kb: -1, uptime_seconds: 1e300 });
    const report = one.reports[0];
    assert.deepEqual([report?.cpu, report?.memory, report?.uptimeSeconds], [undefined, undefined, undefined]);
  });
});
