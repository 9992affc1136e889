import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { AddressMethod, NetworkPhase as Phase } from '@innkeeper/contract/agent';
import { NetworkServiceLite as service } from '@innkeeper/contract/agent-lite';
import { buildAgent, RunningAgent } from '../testing/running-agent.ts';

before(buildAgent, { timeout: 120_000 });

/** An interface with two addresses of one network, two routes and IPv6, whose other end is a gateway in a namespace of its own. */
const world = [
  'mount -t tmpfs none /run; mount -t tmpfs none /etc/netplan 2>/dev/null || true',
  'ip link set lo up; ip link add eth0 type veth peer name gate',
  'unshare --net sleep 60 >/dev/null 2>&1 & p=$!; until [ $(readlink /proc/$p/ns/net) != $(readlink /proc/$$/ns/net) ]; do sleep 0.1; done',
  'ip link set gate netns $p',
  'nsenter -t $p -n sh -c "ip addr add 192.0.2.1/24 dev gate; ip -6 addr add 2001:db8::1/64 dev gate nodad; ip link set gate up"',
  'ip link set eth0 mtu 1450 up; ip addr add 192.0.2.5/24 brd + dev eth0; ip addr add 192.0.2.6/24 dev eth0 label eth0:b',
  'ip -6 addr add 2001:db8::5/64 dev eth0 nodad preferred_lft forever; ip route add default via 192.0.2.1 metric 100 src 192.0.2.6',
  'ip route add 198.51.100.0/24 dev eth0; ip -6 route add default via 2001:db8::1; ip route add blackhole 203.0.113.0/24',
].join('; ');
const wrapper = `exec unshare --net --mount sh -ec '${world}; exec "$@"' sh "$@"`;
const whyNot =
  process.getuid?.() !== 0 ||
  spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'add', 'x', 'type', 'veth']).status !== 0
    ? 'needs root, ip and network namespaces'
    : false;

const staticV4 = { method: AddressMethod.STATIC, addresses: ['192.0.2.77/24'], gateway: '192.0.2.1' };
const temporary = { temporary: true, ipv4: staticV4, ipv6: { addresses: ['2001:db8::77/64'] } };

describe('changes of the network in a real kernel', { timeout: 60_000, skip: whyNot }, () => {
  const run = promisify(execFile);
  /** All addresses and routes, without what changes by itself. */
  async function state({ pid }: RunningAgent): Promise<string> {
    const commands = 'ip addr show dev eth0; ip route; ip -6 route';
    const { stdout } = await run('nsenter', ['-t', `${pid}`, '-n', 'sh', '-c', commands]);
    return stdout.replace(/ tentative/g, '');
  }

  it('addresses, routes and MTU are set by the kernel’s own interface, and restored exactly', async () => {
    await using agent = await RunningAgent.start({ wrapper });
    const link = agent.connect();
    const before = await state(agent);
    const routes = [
      { destination: '203.0.113.0/25', gateway: '192.0.2.9', metric: 7 },
      { destination: '2001:db8:1::/48', gateway: '2001:db8::9' },
      { destination: '203.0.113.128/25', gateway: '10.9.9.9' },
    ];
    const set = await link.call(service.setNetwork, { id: 'a', ...temporary, mtu: 1400, routes });
    assert.equal(set.change?.phase, Phase.PENDING);
    const during = await state(agent);
    for (const part of [
      /mtu 1400/,
      /192\.0\.2\.77\/24/,
      /2001:db8::77\/64/,
      /^default via 192\.0\.2\.1 dev eth0 proto static/m,
    ])
      assert.match(during, part);
    assert.match(during, /^203\.0\.113\.0\/25 via 192\.0\.2\.9 dev eth0 proto static metric 7/m);
    assert.match(during, /^203\.0\.113\.128\/25 via 10\.9\.9\.9 dev eth0 proto static onlink/m);
    assert.match(during, /^2001:db8:1::\/48 via 2001:db8::9 dev eth0 proto static/m);
    assert.doesNotMatch(during, /192\.0\.2\.5\/|192\.0\.2\.6|::5\/|198\.51\.100/);
    await agent.until(async () => (await link.call(service.getNetwork, {})).change?.gatewayAnswers === true);
    const undone = await link.call(service.rollBackNetwork, { id: 'a' });
    assert.equal(undone.change?.phase, Phase.ROLLED_BACK);
    assert.equal(await state(agent), before);
  });

  it('a gateway that does not answer ARP, and one that stops answering, are noticed, and the change is rolled back', async () => {
    await using agent = await RunningAgent.start({ wrapper });
    const link = agent.connect();
    const before = await state(agent);
    const over = async () => (await link.call(service.getNetwork, {})).change?.phase === Phase.ROLLED_BACK;
    const dead = { ...temporary, ipv4: { ...staticV4, gateway: '192.0.2.200' } };
    await link.call(service.setNetwork, { id: 'a', ...dead, confirmMs: 600_000 });
    await agent.until(over);
    assert.match((await link.call(service.getNetwork, {})).change?.detail ?? '', /192\.0\.2\.200 does not answer/);
    assert.equal(await state(agent), before);

    await link.call(service.setNetwork, { id: 'b', ...temporary, confirmMs: 600_000 });
    await agent.until(async () => (await link.call(service.getNetwork, {})).change?.gatewayAnswers === true);
    await run('sh', ['-c', `kill $(pgrep -P ${agent.pid} -x sleep)`]);
    await agent.until(over);
  });

  it('an agent that is killed while a change is pending leaves it to the next one, which rolls it back', async () => {
    const twice = wrapper.replace('exec "$@"\' sh', '"$@" & echo $! >/run/first; wait $! || true; exec "$@"\' sh');
    await using agent = await RunningAgent.start({ wrapper: twice });
    const link = agent.connect();
    const before = await state(agent);
    await link.call(service.setNetwork, { id: 'a', ...temporary, confirmMs: 600_000 });
    assert.notEqual(await state(agent), before);
    await run('nsenter', ['-t', `${agent.pid}`, '-m', 'sh', '-c', 'kill -9 $(cat /run/first)']);
    await agent.until(
      async () => (await link.call(service.getNetwork, {}).catch(() => undefined))?.change?.phase === Phase.ROLLED_BACK,
    );
    const { change } = await link.call(service.getNetwork, {});
    assert.match(change?.detail ?? '', /restarted before it was confirmed/);
    await assert.rejects(link.call(service.confirmNetwork, { id: 'a' }), { reason: 'NETWORK_ENDED' });
    assert.equal(await state(agent), before);
  });

  it('a change without a confirmation stays, and an address that another machine has is refused', async () => {
    await using agent = await RunningAgent.start({ wrapper });
    const link = agent.connect();
    const set = await link.call(service.setNetwork, { id: 'a', ...temporary, unconfirmed: true });
    assert.equal(set.change?.phase, Phase.CONFIRMED);
    const taken = { ...temporary, ipv6: { addresses: ['2001:db8::1/64'] } };
    await assert.rejects(link.call(service.setNetwork, { id: 'b', ...taken }), {
      reason: 'NETWORK_FAILED',
      message: /Another machine has the address 2001:db8::1\/64/,
    });
    assert.match(await state(agent), /192\.0\.2\.77\/24.*2001:db8::77\/64/s);
  });
});
