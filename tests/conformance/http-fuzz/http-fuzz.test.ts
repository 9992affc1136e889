import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FuzzDaemonAddress } from './fuzz-daemon.ts';
import type { KnownIds } from './message-values.ts';
import { type FuzzRequest, fuzzRequest } from './requests.ts';
import { type FuzzAnswer, FuzzSender } from './send.ts';

/**
 * FUZZ_SEED, FUZZ_FIRST and FUZZ_COUNT repeat a failure, or look longer and elsewhere. The same requests each time by
 * default, so that a change makes them fail and not chance.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const count = Number(process.env['FUZZ_COUNT'] ?? 20_000);
const first = Number(process.env['FUZZ_FIRST'] ?? 0);
const parallel = 24;
/** Every stream has a deadline of its own that is far shorter; a machine with much else to do takes some seconds. */
const hangMs = 30_000;
/** On a machine with much else to do it stops then, with fewer requests; a free one needs a minute for all. */
const longestMs = 200_000;
const fewest = 1_000;
/** After so many requests the VM that they name is made again, should one of them have removed it. */
const repairEvery = 500;

describe('requests made at random from the schemas', { timeout: 280_000 }, () => {
  const child = spawn(process.execPath, ['--trace-warnings', join(import.meta.dirname, 'fuzz-daemon.ts')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let log = '';
  let address: FuzzDaemonAddress;
  let sender: FuzzSender;
  before(async () => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    const ended = once(child, 'close').then(() => Promise.reject(new Error(`the daemon ended: ${log}`)));
    // Looked at below, when it is no surprise any more.
    ended.catch(() => undefined);
    const ready = (async (): Promise<void> => {
      for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        said += chunk.toString();
        if (said.includes('\n')) return;
      }
    })();
    await Promise.race([ready, ended]);
    address = JSON.parse(said) as FuzzDaemonAddress;
    sender = new FuzzSender(address);
  });
  after(async () => {
    sender[Symbol.dispose]();
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });

  async function call(method: string, body: object): Promise<Record<string, unknown>> {
    const answer = await sender.send(
      {
        method: 'POST',
        path: `/innkeeper.control.v1.${method}`,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(body)),
        isHttp2: false,
        to: 'socket',
      },
      hangMs,
    );
    return JSON.parse(answer.body) as Record<string, unknown>;
  }

  /** The VM "one", running, and what else requests name. */
  async function repair(): Promise<KnownIds> {
    await call('ImageService/BuildImage', { kind: 'tiny' });
    const operation = await call('VmService/CreateVm', { name: 'one', image: 'tiny', start: true });
    await call('VmService/StartVm', { vm: 'one' });
    const vm = await call('VmService/GetVm', { vm: 'one' });
    const run = await call('RunService/StartRun', { vms: ['one'], spec: { argv: ['/usr/bin/true'] } });
    return { vmId: String(vm['id']), operationId: String(operation['id']), runId: String(run['id'] ?? 'none') };
  }

  it(`get no INTERNAL, never hang and never end the daemon: ${count} of them`, async (context) => {
    context.diagnostic(`FUZZ_SEED=${seed}`);
    const failures: string[] = [];
    const kinds = new Map<number, number>();
    let known = await repair();
    let next = first;
    const fromMs = performance.now();
    const untilMs = fromMs + longestMs;
    const work = async (): Promise<void> => {
      while (next < first + count && failures.length < 20 && child.exitCode === null && performance.now() < untilMs) {
        const index = next++;
        if (index % repairEvery === repairEvery - 1) known = await repair();
        const request = fuzzRequest(seed, index, known, address.token);
        let problem: string | undefined;
        try {
          const answer = await sender.send(request, hangMs);
          kinds.set(answer.status, (kinds.get(answer.status) ?? 0) + 1);
          problem = problemOf(answer);
        } catch (error) {
          problem = brokenConnection(error, request);
        }
        if (problem !== undefined) failures.push(`request ${index}: ${describeRequest(request)}\n    ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    context.diagnostic(
      `answers by status: ${JSON.stringify(Object.fromEntries([...kinds].sort(([a], [b]) => a - b)))}`,
    );
    const made = next - first;
    // Said always: a run that stopped early looks like a whole one otherwise.
    const tookMs = Math.round(performance.now() - fromMs);
    context.diagnostic(`${made} of ${count} requests in ${tookMs} ms${made < count ? ', stopped early' : ''}`);
    assert.equal(child.exitCode, null, `the daemon ended: ${log.slice(-4000)}`);
    assert.ok(failures.length === 0, `FUZZ_SEED=${seed}\n${failures.join('\n')}\n${log.slice(0, 8000)}`);
    assert.equal(log, '', `FUZZ_SEED=${seed}: the daemon logged internal errors`);
    assert.ok(made >= Math.min(count, fewest), `only ${made} requests`);
    assert.ok((kinds.get(200) ?? 0) > made / 10, 'hardly any request was a good one');
  });
});

function problemOf({ status, headers, body }: FuzzAnswer): string | undefined {
  const told = JSON.stringify(headers) + body;
  const found = /"INTERNAL"|: ?INTERNAL\b|"code":"internal"|"grpc-status":"13"/.exec(told);
  if (found === null && status !== 500 && status !== 0) return undefined;
  const at = found?.index ?? told.length;
  return `${status} …${told.slice(Math.max(0, at - 400), at + 200)}…`;
}

/** Connections may end where HTTP says so: after a request that is not one, or a long body that nobody wants. */
function brokenConnection(error: unknown, { body, path }: FuzzRequest): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isLong = (body?.length ?? 0) > 1024 * 1024 || path.length > 8000;
  return isLong && /ECONNRESET|EPIPE|ERR_HTTP2/.test(code) ? undefined : `${code} ${String(error)}`;
}

function describeRequest({ method, path, headers, body, to, isHttp2 }: FuzzRequest): string {
  const shown = { ...headers, ...(headers['authorization'] === undefined ? {} : { authorization: '…' }) };
  const text = body === undefined ? 'no body' : `${body.length} bytes ${JSON.stringify(body.toString().slice(0, 600))}`;
  return `${isHttp2 ? 'HTTP/2' : 'HTTP/1.1'} to ${to}: ${method} ${path.slice(0, 200)} ${JSON.stringify(shown)} ${text}`;
}
