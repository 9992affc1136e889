import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import { FakeConnection, settle, startFakeAgent } from '../fake/index.ts';
import type { ConnectTarget } from '../host.ts';
import { HostError } from '../host-error.ts';
import { dataPrefix, dataStart } from './data-message.ts';

type Outcome = string | FakeConnection;

/** An agent whose kernel answers connects in this order, by an errno or a connection; the last one repeats. */
async function agentWith(...outcomes: Outcome[]) {
  const fake = await startFakeAgent();
  const targets: ConnectTarget[] = [];
  fake.host.network.connect = async (target) => {
    const outcome = outcomes[Math.min(targets.length, outcomes.length - 1)] ?? 'ECONNREFUSED';
    targets.push(target);
    if (typeof outcome === 'string') throw new HostError(outcome, 'connect');
    return outcome;
  };
  const open = (target: { readonly port: number } | { readonly path: string }) =>
    fake.node.open(
      TunnelServiceLite.connect,
      {
        input: {
          case: 'open',
          value: {
            target:
              'port' in target ? { case: 'tcpPort', value: target.port } : { case: 'unixPath', value: target.path },
          },
        },
      },
      { more: true },
    );
  return { ...fake, targets, open };
}

describe('connecting a tunnel', () => {
  it('a port is looked for at 127.0.0.1 and then at ::1', async () => {
    const [ours] = FakeConnection.pair();
    const { open, targets } = await agentWith('ECONNREFUSED', ours);
    const call = await open({ port: 80 });
    assert.deepEqual(targets, [
      { address: '127.0.0.1', port: 80 },
      { address: '::1', port: 80 },
    ]);
    assert.equal(call.messages[0]?.event.case, 'opened');
  });

  it('the error of the first address is reported, and ::1 is not asked after another error than a refusal', async () => {
    const refused = await agentWith('ECONNREFUSED', 'EADDRNOTAVAIL');
    assert.equal((await refused.open({ port: 80 })).reason, 'TUNNEL_REFUSED');
    const unreachable = await agentWith('ENETUNREACH');
    assert.equal((await unreachable.open({ port: 80 })).reason, 'TUNNEL_UNREACHABLE');
    assert.equal(unreachable.targets.length, 1);
  });

  it('a unix socket whose queue is full is asked again until there is room', async () => {
    const [ours] = FakeConnection.pair();
    const { open, targets, host } = await agentWith('EAGAIN', 'EAGAIN', ours);
    const call = await open({ path: '/run/s' });
    assert.equal(targets.length, 1);
    await host.clock.advance(100);
    assert.equal(targets.length, 3);
    assert.equal(call.messages[0]?.event.case, 'opened');
    assert.equal(host.clock.pendingTimers, 0);
  });

  it('a program that does not accept in time is TUNNEL_TIMEOUT, and no timer is left', async () => {
    const { open, host } = await agentWith('EAGAIN');
    const call = await open({ path: '/run/s' });
    await host.clock.advance(9_900);
    assert.equal(call.reason, undefined);
    await host.clock.advance(200);
    assert.equal(call.reason, 'TUNNEL_TIMEOUT');
    assert.equal(host.clock.pendingTimers, 0);
  });
});

describe('carrying a tunnel', () => {
  it('input of which the program takes a little at a time arrives completely, and its end after it', async () => {
    const [ours, theirs] = FakeConnection.pair(1000);
    const { open } = await agentWith(ours);
    const call = await open({ port: 80 });
    const value = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);
    await call.send({ input: { case: 'data', value } }, true);
    assert.deepEqual(await theirs.readAll(), value);
    assert.equal(call.reason, undefined);
    theirs.endWriting();
    await settle();
    assert.deepEqual(
      call.messages.map(({ event }) => event.case),
      ['opened', 'ended'],
    );
    assert.equal(call.reason, '');
  });
});

describe('messages of a tunnel', () => {
  it('the position of data is found for every length, and in nothing else', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 65_000]) {
      const prefix = dataPrefix(length);
      const body = new Uint8Array(prefix.length + length);
      body.set(prefix);
      assert.equal(dataStart(body), prefix.length, `${length}`);
      assert.equal(dataStart(body.subarray(0, -1)), undefined, `${length}, cut`);
    }
    for (const bytes of [[], [10, 0], [18], [18, 128], [18, 255, 255, 255, 255, 1]])
      assert.equal(dataStart(Uint8Array.from(bytes)), undefined, `${bytes}`);
  });
});
