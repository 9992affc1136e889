import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddressMethod, NetworkPhase as Phase, type SetNetworkRequest } from '@innkeeper/contract/agent';
import { callError, type FakeHandlers, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

const eth0 = {
  name: 'eth0',
  up: true,
  mtu: 1500,
  addresses: ['10.0.2.15/24', '2001:db8::5/64'],
  routes: [{ destination: '0.0.0.0/0', gateway: '10.0.2.2', metric: 100 }],
};

/** A guest that takes changes; `calls` are the methods called on it. */
function guest(calls: string[], { ended = false } = {}): { handlers: FakeHandlers; requests: SetNetworkRequest[] } {
  const requests: SetNetworkRequest[] = [];
  const report = (phase: Phase) => ({
    manager: 'netplan',
    interfaces: [eth0],
    dns: ['9.9.9.9'],
    change: {
      id: 'x1',
      phase,
      interface: 'eth0',
      gateway: '10.0.2.2',
      ...(phase === Phase.PENDING ? { confirmLeftMs: 60_000, gatewayAnswers: true } : {}),
      files: ['/etc/netplan/90-innkeeper.yaml'],
      detail: phase === Phase.ROLLED_BACK ? 'It was rolled back on request.' : '',
    },
  });
  const called = (name: string, phase: Phase) => {
    calls.push(name);
    if (ended) throw callError('NETWORK_ENDED', 'The change "x1" was rolled back.');
    return report(phase);
  };
  return {
    requests,
    handlers: {
      guestNetwork: {
        getNetwork: () => report(Phase.PENDING),
        setNetwork: (request) => {
          requests.push(request);
          calls.push('set');
          return report(Phase.PENDING);
        },
        confirmNetwork: () => called('confirm', Phase.CONFIRMED),
        rollBackNetwork: () => called('rollback', Phase.ROLLED_BACK),
      },
    },
  };
}

describe('inn network', () => {
  it('inn network show lists interfaces, addresses, routes, name servers and the pending change', async () => {
    await using daemon = await startFakeDaemon(guest([]).handlers);
    const { stdout } = await runInn(daemon.socketPath, ['network', 'show', 'web-1']);
    assert.match(stdout, /^eth0 +up +1500 +10\.0\.2\.15\/24 +default via 10\.0\.2\.2 metric 100$/m);
    assert.match(stdout, /^ +2001:db8::5\/64/m);
    assert.match(stdout, /^kept by +netplan\ndns +9\.9\.9\.9$/m);
    assert.match(stdout, /^change +x1 of eth0: waits for a confirmation, 1m00s left\ngateway +10\.0\.2\.2 answers$/m);
    const json = JSON.parse((await runInn(daemon.socketPath, ['network', 'show', 'web-1', '-o', 'json'])).stdout);
    assert.equal(json.interfaces[0].name, 'eth0');
  });

  it('inn network set sends everything that is given, and says how to confirm', async () => {
    const { handlers, requests } = guest([]);
    await using daemon = await startFakeDaemon(handlers);
    const words =
      'network set web-1 --interface eth0 --address 10.0.2.77/24 --address 2001:db8::7/64 --gateway 10.0.2.2 --gateway fe80::1 --ipv6 static --dns 9.9.9.9 --search lan --mtu 1400 --route 198.51.100.0/24=10.0.2.9,50 --confirm-within 2m --ignore-gateway';
    const { exitCode, stdout, stderr } = await runInn(daemon.socketPath, words.split(' '));
    assert.equal(exitCode, 0, stderr);
    const [request] = requests;
    assert.deepEqual(
      [request?.interface, request?.mtu, request?.confirmMs, request?.ignoreGateway, request?.temporary],
      ['eth0', 1400, 120_000, true, false],
    );
    assert.deepEqual(
      [request?.ipv4?.method, request?.ipv4?.addresses, request?.ipv4?.gateway],
      [AddressMethod.STATIC, ['10.0.2.77/24'], '10.0.2.2'],
    );
    assert.deepEqual(
      [request?.ipv6?.method, request?.ipv6?.addresses, request?.ipv6?.gateway],
      [AddressMethod.STATIC, ['2001:db8::7/64'], 'fe80::1'],
    );
    assert.deepEqual([request?.dns, request?.search], [['9.9.9.9'], ['lan']]);
    assert.deepEqual(
      request?.routes.map(({ destination, gateway, metric }) => [destination, gateway, metric]),
      [['198.51.100.0/24', '10.0.2.9', 50]],
    );
    assert.match(stdout, /waits for a confirmation/);
    assert.match(stderr, /in 1m00s unless you run: inn network confirm web-1/);
    await runInn(daemon.socketPath, ['network', 'set', 'web-1', '--dhcp', '--temporary', '--unconfirmed']);
    assert.deepEqual(
      [requests[1]?.ipv4?.method, requests[1]?.ipv6?.method, requests[1]?.temporary, requests[1]?.unconfirmed],
      [AddressMethod.DHCP, AddressMethod.UNSPECIFIED, true, true],
    );
  });

  it('inn network set refuses two gateways of a family, and what is not a route or a number', async () => {
    const calls: string[] = [];
    await using daemon = await startFakeDaemon(guest(calls).handlers);
    for (const words of ['--gateway 10.0.0.1 --gateway 10.0.0.2', '--route 10.0.0.1', '--mtu big', '--ipv6 none'])
      assert.equal(
        (await runInn(daemon.socketPath, ['network', 'set', 'web-1', ...words.split(' ')])).exitCode,
        2,
        words,
      );
    assert.deepEqual(calls, []);
  });

  it('inn network set confirms when its command succeeds, and rolls back with the exit code of one that fails', async () => {
    for (const [script, code, end] of [
      ['[ "$INNKEEPER_VM" = web-1 ] && [ "$INNKEEPER_CHANGE" = x1 ]', 0, 'confirm'],
      ['exit 7', 7, 'rollback'],
    ] as const) {
      const calls: string[] = [];
      await using daemon = await startFakeDaemon(guest(calls).handlers);
      const words = ['network', 'set', 'web-1', '--dhcp', '--', 'sh', '-c', script];
      const { exitCode, stderr } = await runInn(daemon.socketPath, words);
      assert.deepEqual([exitCode, calls], [code, ['set', end]], stderr);
    }
  });

  it('inn network confirm and rollback say what became of the change, and exit with 5 when it was over', async () => {
    await using daemon = await startFakeDaemon(guest([]).handlers);
    assert.match((await runInn(daemon.socketPath, ['network', 'confirm', 'web-1'])).stdout, /eth0: confirmed$/m);
    assert.match(
      (await runInn(daemon.socketPath, ['network', 'rollback', 'web-1'])).stdout,
      /rolled back\n.*on request\.$/ms,
    );
    await using late = await startFakeDaemon(guest([], { ended: true }).handlers);
    const { exitCode, stderr } = await runInn(late.socketPath, ['network', 'confirm', 'web-1']);
    assert.deepEqual([exitCode, /NETWORK_ENDED/.test(stderr)], [5, true]);
  });
});
