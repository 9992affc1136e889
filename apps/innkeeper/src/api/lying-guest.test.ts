import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OutputStream } from '@innkeeper/contract/agent';
import { FileServiceLite, ProcessServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { reasons } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import type { VmRunner } from '../node/vm/vm-runner.ts';
import { httpCall } from './testing/http-call.ts';
import { LyingAgent, type LyingCall } from './testing/lying-agent.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const { exec } = ProcessServiceLite;
const { watch } = TelemetryServiceLite;
const piece = new Uint8Array(32 * 1024).fill(0x61);

/** Repeats `step` until the node cancels the call or the session ends. */
async function without(call: LyingCall, step: (round: number) => Promise<void>): Promise<void> {
  try {
    for (let round = 0; !call.signal.aborted; round++) await step(round);
  } catch {
    // The channel is closed.
  }
}

describe('a guest whose agent lies', () => {
  const agents = new Map<string, LyingAgent>();
  let api: ServedApi;
  let liar: VmRunner;

  before(async () => {
    api = await serveApi({
      startAgent: (channel, guest) => {
        const agent = new LyingAgent(channel);
        agents.set(guest.vmId, agent);
        // It ends when the VM is powered off.
        agent.serve(guest).catch(() => undefined);
      },
    });
    liar = await api.createVm('liar');
  });
  after(() => api[Symbol.asyncDispose]());

  const agent = (runner = liar): LyingAgent => agents.get(runner.row.id) ?? assert.fail('the VM is not running');
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await httpCall(api.socketPath, 'POST', path, { body: JSON.stringify(body), headers });
    const json = JSON.parse(answer.body.toString()) as Record<string, unknown>;
    return { status: answer.status, headers: answer.headers, json };
  };
  const guestCall = (method: string, request: object) => post(`/v1/vms/liar/innkeeper.agent.v1.${method}`, request);

  it('a lying agent cannot log callers out: a reason of the daemon becomes AGENT_ERROR, in the body and in headers', async () => {
    for (const reason of ['SESSION_EXPIRED', 'PRIVILEGE_MISSING', 'VM_NOT_FOUND', 'INTERNAL', 'CANCELED', 'X-Y'])
      for (const ask of [
        () => guestCall('FileService/Stat', { path: '/x' }),
        () => post('/api/vms/liar/execute', { command: 'id' }),
      ]) {
        agent().onCall = (call, lying) => {
          // The node may have closed the session.
          lying.end(call, reason, 'Run this:\n\x1b[31mcurl x | sh').catch(() => undefined);
        };
        const { status, headers, json } = await ask();
        assert.equal(status, 500, reason);
        const text = JSON.stringify({ json, headers });
        assert.match(text, /AGENT_ERROR/);
        assert.match(text, /Run this:··\[31mcurl x/);
        const next = String(headers['x-innkeeper-next-step'] ?? json['nextStep']);
        assert.equal(decodeURIComponent(next), reasons.AGENT_ERROR.next);
      }
  });

  it('a lying agent that sends endless output of a command is stopped at 4 MiB with GUEST_MISBEHAVES', async () => {
    let sentBytes = 0;
    agent().onCall = (call, lying) => {
      if (call.method !== exec.name) {
        // The node signals the process, which must not keep running unobserved.
        lying.end(call, 'EXEC_NOT_FOUND', 'no').catch(() => undefined);
        return;
      }
      void without(call, async (round) => {
        if (round === 0) return await lying.answer(call, exec, { event: { case: 'started', value: { pid: 2 } } });
        const value = { stream: OutputStream.STDOUT, offset: BigInt(sentBytes), data: piece };
        sentBytes += piece.length;
        await lying.answer(call, exec, { event: { case: 'output', value } });
      });
    };
    const { json } = await post('/api/vms/liar/execute', { command: 'yes', timeoutSeconds: 300 });
    assert.equal(json['reason'], 'GUEST_MISBEHAVES');
    assert.ok(sentBytes < 6 * mib, `${sentBytes} bytes were sent`);
    sentBytes = 0;
    const script = { vmId: 'liar', command: 'yes', timeoutSeconds: 300 };
    const { json: answer } = await post('/limiquantix.compute.v1.VMService/ExecuteScript', script);
    assert.match(String(answer['error']), /GUEST_MISBEHAVES/);
    sentBytes = 0;
    const started = await post('/innkeeper.control.v1.RunService/StartRun', {
      vms: ['liar'],
      spec: { argv: ['yes'] },
    });
    const id = String(started.json['id']);
    for await (const _ of api.runs.watch(id, AbortSignal.timeout(30_000)));
    const run = await api.runs.get(id);
    assert.equal(run.targets[0]?.errorReason, 'GUEST_MISBEHAVES');
  });

  it('a command that a lying agent never ends fails 10 s after its timeout, by the host’s clock', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const begun = Promise.withResolvers<void>();
    agent().onCall = (call, lying) => {
      if (call.method !== exec.name) return;
      const started = lying.answer(call, exec, { event: { case: 'started', value: { pid: 2 } } });
      started.then(begun.resolve, begun.reject);
    };
    const answer = post('/api/vms/liar/execute', { command: 'sleep 1', timeoutSeconds: 1 });
    await begun.promise;
    t.mock.timers.tick(10_900);
    assert.equal(await Promise.race([answer, nextTurn('waits')]), 'waits');
    t.mock.timers.tick(200);
    const { status, json } = await answer;
    assert.deepEqual([status, json['reason']], [504, 'DEADLINE_EXCEEDED']);
  });

  it('a lying agent that sends more of a file than requested is refused', async () => {
    agent().onCall = (call, lying) => {
      if (call.method !== FileServiceLite.read.name) return;
      void without(call, async (round) => {
        const event =
          round === 0
            ? ({ case: 'info', value: { path: '/f', kind: 1, sizeBytes: 5n } } as const)
            : ({ case: 'chunk', value: { offset: BigInt((round - 1) * piece.length), data: piece } } as const);
        await lying.answer(call, FileServiceLite.read, { event });
      });
    };
    const { json } = await post('/limiquantix.compute.v1.VMService/ReadGuestFile', {
      vmId: 'liar',
      path: '/f',
      maxSize: 100_000,
    });
    assert.match(String(json['error']), /GUEST_MISBEHAVES/);
  });

  it('reports of an agent that floods telemetry are processed once a second, and other agents are answered meanwhile', async () => {
    const flooder = await api.createVm('flooder');
    let reports = 0;
    const stop = api.node.measured.add(({ runner, change }) => {
      if (runner === flooder && change === 'telemetry') reports++;
    });
    let sent = 0;
    let isOver = false;
    const over = Promise.withResolvers<void>();
    agent(flooder).onCall = (call, lying) => {
      if (call.method !== watch.name) return;
      void without(call, async () => {
        if (isOver) {
          await lying.answer(call, watch, { processCount: 424_242 });
          over.resolve();
          await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
        }
        // Small enough for the credit of one call.
        await lying.answer(call, watch, { processCount: ++sent });
      });
    };
    // The open session's watch was started before the flood.
    await agent(flooder).send({ case: 'goodbye', value: { reason: 'flood\x1b[2J' } });
    await flooder.until(() => flooder.agent.telemetry !== undefined, AbortSignal.timeout(20_000));
    const startMs = performance.now();
    const tookMs: number[] = [];
    // Enough time for a busy machine to send enough.
    while (performance.now() - startMs < 2500 || sent <= 1000) {
      const beforeMs = performance.now();
      await liar.agent.requireLink('liar').ping({ timeoutMs: 20_000 });
      await nextTurn();
      tookMs.push(performance.now() - beforeMs);
    }
    const seconds = (performance.now() - startMs) / 1000;
    assert.ok(reports <= seconds + 2, `${reports} of ${sent} reports were processed in ${seconds} s`);
    assert.ok(tookMs.length > 10, `only ${tookMs.length} pings`);
    isOver = true;
    await over.promise;
    await flooder.until(() => flooder.agent.telemetry?.processCount === 424_242, AbortSignal.timeout(20_000));
    stop();
  });

  it('an agent that reconnects repeatedly causes one event of each kind, with a count', async () => {
    const hopper = await api.createVm('hopper');
    for (let count = 0; count < 6; count++) {
      const { sessions } = agent(hopper);
      await agent(hopper).send({ case: 'goodbye', value: { reason: `bye ${count}` } });
      await hopper.until(() => agent(hopper).sessions > sessions, AbortSignal.timeout(20_000));
    }
    await hopper.until(() => hopper.agent.state.state === 'connected', AbortSignal.timeout(20_000));
    await post('/innkeeper.control.v1.VmService/KillVm', { vm: 'hopper' });
    await hopper.until(() => hopper.life.state === 'stopped', AbortSignal.timeout(20_000));
    const { json } = await post('/innkeeper.control.v1.VmService/ListEvents', { vm: 'hopper', limit: 100 });
    const events = json['events'] as { kind: string; count: number; timeUnixNs: string; firstTimeUnixNs: string }[];
    const lost = events.filter(({ kind }) => kind === 'agent.lost');
    assert.deepEqual([lost.length, lost[0]?.count], [1, 6], JSON.stringify(events));
    assert.ok(BigInt(lost[0]?.timeUnixNs ?? 0) > BigInt(lost[0]?.firstTimeUnixNs ?? 0));
  });

  it('an agent that never starts its terminals cannot use up the limit for other VMs', async () => {
    const honest = await api.createVm('honest');
    const create = (vm: string) => post('/innkeeper.control.v1.TerminalService/CreateTerminal', { vm, argv: ['sh'] });
    let asked = 0;
    agent().onCall = () => {
      asked++;
    };
    agent(honest).onCall = (call, lying) => {
      if (call.method === exec.name)
        void lying.answer(call, exec, { event: { case: 'started', value: { id: 'x', pid: 1 } } });
    };
    // These are never answered and end with the server.
    for (let count = 0; count < 16; count++) create('liar').catch(() => undefined);
    await until(() => asked >= 16);
    assert.equal((await create('liar')).json['code'], 'resource_exhausted');
    const started = await create('honest');
    assert.equal(started.status, 200, JSON.stringify(started.json));
  });
});
