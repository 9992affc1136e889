import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { DiagnosisOutcome } from '@innkeeper/contract/control';
import { nativePort } from '@innkeeper/hypervisor';
import { bootFloodingConsole, bootGarbage, bootSilent, type FakeBoot } from '@innkeeper/hypervisor/fake';
import { type Channel, mib, silentLog } from '@innkeeper/kit';
import { diagnose } from '../node/vm/diagnose.ts';
import type { VmRunner } from '../node/vm/vm-runner.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const timeout = AbortSignal.timeout(60_000);
const chunk = new Uint8Array(64 * 1024).fill(0x51);
/** The magic number, and the largest length that fits into a header. */
const oversizeHeader = Uint8Array.of(0x51, 0x54, 0x58, 0x01, 0xff, 0xff, 0xff, 0xff);

function startAgent(channel: Channel, signal: AbortSignal): void {
  const clock = realClock({
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  });
  const agent = createAgent(new FakeHost({ clock }), silentLog);
  // It ends when the VM is powered off.
  void agent.serveChannel(channel, 'native', signal).catch(() => undefined);
}

/** Lets other tasks run, as a socket does. */
async function writeWithoutEnd(channel: Channel, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await channel.write(bytes);
    await nextTurn();
  }
}

/** Serves correctly until there is console input; then writes these bytes and repeats `chunk` endlessly. */
function bootTurning(first: Uint8Array): FakeBoot {
  return async (guest) => {
    const channel = guest.openPort(nativePort);
    startAgent(channel, guest.signal);
    guest.onConsoleInput(() => {
      const written = channel.write(first).then(() => writeWithoutEnd(channel, chunk, guest.signal));
      // The VM was powered off.
      written.catch(() => undefined);
    });
  };
}

const boots: Readonly<Record<string, FakeBoot>> = {
  silent: bootSilent,
  garbage: bootGarbage(7),
  zeros: async (guest) => {
    await writeWithoutEnd(guest.openPort(nativePort), new Uint8Array(64 * 1024), guest.signal);
  },
  oversize: bootTurning(oversizeHeader),
  flood: bootFloodingConsole(256 * mib),
};

describe('a misbehaving guest', () => {
  let api: ServedApi;
  let good: VmRunner;

  before(async () => {
    api = await serveApi({
      boot: ({ name }) => boots[name],
      startAgent: (channel, { signal }) => startAgent(channel, signal),
    });
    good = await api.createVm('good');
  });
  after(() => api[Symbol.asyncDispose]());

  /** The daemon's memory must not grow while the other VM answers this often. */
  async function undisturbed(pings = 50): Promise<void> {
    const rssBytes = process.memoryUsage.rss();
    for (let ping = 0; ping < pings; ping++) await good.agent.requireLink('good').ping({ timeoutMs: 5_000 });
    const grownBytes = process.memoryUsage.rss() - rssBytes;
    assert.ok(grownBytes < 64 * mib, `grew by ${grownBytes} bytes`);
    assert.equal(good.agent.state.state, 'connected');
  }

  for (const name of ['silent', 'garbage', 'zeros']) {
    it(`a guest that sends ${name === 'silent' ? 'nothing' : name} has no agent, and other VMs are not affected`, async () => {
      const runner = await api.createVm(name, { agent: false });
      await undisturbed();
      assert.throws(() => runner.agent.requireLink(name), { reason: 'AGENT_UNREACHABLE' });
    });
  }

  it('doctor reports a guest that answers nothing, with a next step', async () => {
    const { steps, conclusion } = await diagnose(api.node.get('silent'));
    const failed = steps.filter(({ outcome }) => outcome === DiagnosisOutcome.FAILED);
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['hello'],
    );
    assert.match(conclusion, /The agent does not answer: .* See its log in the guest/);
  });

  it('a guest that sends an oversized or endless frame loses its session, and other VMs are not affected', async () => {
    const runner = await api.createVm('oversize');
    await runner.running?.console.write(Buffer.from('now'));
    await runner.until(() => runner.agent.state.state === 'lost', timeout);
    assert.throws(() => runner.agent.requireLink('oversize'), { reason: 'AGENT_UNREACHABLE' });
    await undisturbed();
  });

  it('a guest that floods its console does not grow the daemon’s memory, and other VMs are not affected', async () => {
    const runner = await api.createVm('flood', { agent: false });
    await undisturbed();
    const { head, tail } = runner.running?.console.history() ?? assert.fail('the VM is not running');
    assert.ok(head.length + tail.length <= mib / 4);
  });
});
