import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { NetworkPhase as Phase } from '@innkeeper/contract/agent';
import { until } from '@innkeeper/kit/testing';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell, startInGuest } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, showVm, waitForVm } from './vm-state.ts';

const name = 'test-network-config';
/** Other programs, on a busy machine. */
const slow = { withinMs: 60_000, everyMs: 200 };

/** All that a roll-back restores: addresses and routes without their remaining times, and every file of the configuration. */
const stateScript = `
{ ip addr show dev $(ls /sys/class/net | grep -v '^lo$'); ip route; ip -6 route; } | sed -E 's/ expires [0-9]+sec//; s/(valid|preferred)_lft [0-9a-z]+//g; s/ (tentative|dynamic|noprefixroute|mngtmpaddr)//g'
cd /etc; for file in resolv.conf network.d/* systemd/network/* network/interfaces; do
  [ -e "$file" ] && stat -c '%n %a %u %g' "$file" && sha256sum "$file"
done; true`;

/** An address of the guest's network, and two of its gateways: one that answers, and one that nobody has. */
const staticWords = ['--address', '10.0.2.77/24', '--gateway', '10.0.2.2', '--dns', '10.0.2.3'];
const deadWords = ['--address', '10.0.2.77/24', '--gateway', '10.0.2.15'];

/** Declares the tests that the guest of an image must pass. @param manager what configures its network */
export function testNetworkConfig(image: string, manager: string, bootMs: number): void {
  describe(`changing the network of a guest of the image ${image}`, () => {
    let daemon: Daemon;
    let options: { dataDirectory: string };
    const guest = (script: string): Promise<string> => guestShell(name, script, options);
    const network = (...words: string[]) => inn(['network', ...words], options);
    const change = async () => (await clientOf(daemon.dataDirectory).networks.show(name)).change;
    const isRolledBack = async () => (await change().catch(() => undefined))?.phase === Phase.ROLLED_BACK;
    let usual = '';

    /** Sets it, and resolves when it is applied; fails with what inn says. */
    async function set(...words: string[]): Promise<void> {
      const { exitCode, stderr } = await network('set', name, ...words);
      assert.equal(exitCode, 0, stderr);
      assert.match(await guest('ip addr'), /10\.0\.2\.77\/24/);
    }

    /** The DHCP client and router advertisements may need a moment more. */
    async function isAsUsual(): Promise<void> {
      let seen = '';
      const ask = async (): Promise<boolean> => {
        seen = await guest(stateScript);
        return seen === usual;
      };
      await until(ask, slow).catch(() => undefined);
      assert.equal(seen, usual);
    }

    before(async () => {
      daemon = await startDaemon();
      options = { dataDirectory: daemon.dataDirectory };
      await createTestVm(daemon, name, image, bootMs);
      await until(async () => /10\.0\.2\.15.*default via/s.test(await guest('ip addr; ip route')), slow);
      // Router advertisements, where there are some.
      await guest('sleep 3');
      usual = await guest(stateScript);
      say(usual);
    });
    afterEach(() => network('rollback', name));
    after(() => cleanUp(daemon, [name]));

    it(`${image}: the report names ${manager}, the address, the default route and the name server`, async () => {
      const { stdout } = await network('show', name);
      assert.match(stdout.toString(), /^\w+ +up +\d+ +10\.0\.2\.15\/24 +default via 10\.0\.2\.2/m);
      assert.match(stdout.toString(), new RegExp(`^kept by +${manager}$`, 'm'));
    });

    it(`${image}: a static address that is not confirmed is rolled back at its deadline, to the byte`, async () => {
      await set(...staticWords, '--mtu', '1400', '--confirm-within', '8s');
      assert.match(await guest('ip addr; ip route'), /mtu 1400.*default via 10\.0\.2\.2/s);
      assert.doesNotMatch(await guest('ip addr'), /10\.0\.2\.15\//);
      await until(isRolledBack, slow);
      assert.match((await change())?.detail ?? '', /not confirmed within 8000 ms/);
      await isAsUsual();
      assert.equal((await network('confirm', name)).exitCode, 5);
    });

    it(`${image}: a gateway that does not answer is noticed, and the change is rolled back to the byte`, async () => {
      const from = performance.now();
      await set(...deadWords, '--confirm-within', '10m');
      await until(isRolledBack, slow);
      say(`rolled back after ${Math.round(performance.now() - from)} ms`);
      assert.match((await change())?.detail ?? '', /gateway 10\.0\.2\.15 does not answer/);
      await isAsUsual();
    });

    it(`${image}: an agent that is killed while a change is pending is followed by one that rolls it back to the byte`, async () => {
      await set(...staticWords, '--confirm-within', '10m');
      await startInGuest(name, 'sleep 1; kill -9 $(pidof innkeeper-agent)', options);
      await until(isRolledBack, slow);
      assert.match((await change())?.detail ?? '', /restarted/);
      await isAsUsual();
    });

    it(`${image}: a temporary change writes no configuration and is rolled back on request`, async () => {
      const filesOf = (state: string): string => state.slice(state.indexOf('network.d/'));
      await set('--address', '10.0.2.77/24', '--gateway', '10.0.2.2', '--temporary');
      assert.equal(filesOf(await guest(stateScript)), filesOf(usual));
      assert.equal((await network('rollback', name)).exitCode, 0);
      await isAsUsual();
    });

    it(`${image}: a change whose command on the host fails is rolled back, and one whose command succeeds stays`, async () => {
      const failed = await network('set', name, ...staticWords, '--', 'sh', '-c', 'exit 3');
      assert.equal(failed.exitCode, 3, failed.stderr);
      await isAsUsual();
    });

    it(`${image}: a guest that restarts while a change is pending has its earlier network`, async () => {
      await set(...staticWords, '--confirm-within', '10m');
      await restart();
      await until(isRolledBack, slow);
      await isAsUsual();
    });

    it(`${image}: a confirmed change stays over a restart, and so does DHCP after it`, async () => {
      await set(...staticWords, '--route', '198.51.100.0/24=10.0.2.2', '--mtu', '1400');
      assert.equal((await network('confirm', name)).exitCode, 0);
      const confirmed = await guest(stateScript);
      await restart();
      let seen = '';
      await until(async () => {
        seen = await guest(stateScript);
        return seen === confirmed;
      }, slow).catch(() => undefined);
      assert.equal(seen, confirmed);
      assert.match(seen, /198\.51\.100\.0\/24 via 10\.0\.2\.2/);
      assert.match(seen, /mtu 1400/);
      const back = await network('set', name, '--dhcp', '--', 'true');
      assert.equal(back.exitCode, 0, back.stderr);
      assert.match(await guest('ip addr'), /10\.0\.2\.15\/24/);
      assert.doesNotMatch(await guest('ip addr'), /10\.0\.2\.77\//);
    });

    /** Resolves when the agent of the next boot answers. */
    async function restart(): Promise<void> {
      const bootOf = async () => (await showVm(name, daemon.dataDirectory)).system?.bootId;
      const before = await bootOf();
      await innText(['reboot', name], options);
      await until(async () => (await bootOf()) !== before, { ...slow, withinMs: bootMs });
      await waitForVm(name, daemon.dataDirectory, isConnected, bootMs);
    }
  });
}
