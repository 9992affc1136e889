import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VmState } from '@innkeeper/contract/control';
import { type Daemon, startDaemon } from '../daemon.ts';
import { rootFileSystemHeader } from '../guest-disk.ts';
import { guestShell } from '../guest-shell.ts';
import { inn, innText } from '../inn.ts';
import { cleanUp, clientOf, createTestVm, nextTelemetry, say, showVm, waitForVm } from '../vm-state.ts';
import { agentPeakRssBytes } from './agent-memory.ts';
import { measureBusyLoop } from './busy-loop.ts';
import { checkAgentPackage } from './check-agent-package.ts';
import { checkInventory } from './check-inventory.ts';
import { checkLogs } from './check-logs.ts';
import { checkServiceUnit } from './check-service-unit.ts';
import { checkServices } from './check-services.ts';
import { checkShell, checkTerminal } from './check-terminal.ts';
import { hashThroughSlowPipe } from './slow-pipe.ts';

const mib = 1024 * 1024;

/** Numbers from 1 to this are counted once into a file, since busybox counts slowly; printed again and again they are 3.4 MB. */
const lastNumber = 500_000;
/** 169 MB, more than the daemon and `inn` may keep together. */
const fullRounds = 50;

export interface Guest {
  readonly image: string;
  /** The agent's name of the init system. */
  readonly init: string;
  /** Timeout until the agent answers, on a busy machine. */
  readonly bootMs: number;
  /** How often the long output has 3.4 MB of numbers. Default: 50 times, which is 169 MB. */
  readonly rounds?: number;
  /** Size of the file that is copied, in MiB. Default: 64. */
  readonly copiedMib?: number;
}

/** Declares the tests that every guest must pass, with any init system. */
export function testGuest({ image, init, bootMs, rounds = fullRounds, copiedMib = 64 }: Guest): void {
  describe(`a guest of the image ${image}`, () => {
    const name = `test-${image}`;
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-vm-'));
    let daemon: Daemon;
    let options: { dataDirectory: string };

    before(async () => {
      daemon = await startDaemon();
      options = { dataDirectory: daemon.dataDirectory };
      await createTestVm(daemon, name, image, bootMs, { cpus: 2 });
    });

    after(async () => {
      try {
        await cleanUp(daemon, [name]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it(`${image}: the agent is started by the guest’s init system`, async () => {
      const vm = await waitForVm(name, daemon.dataDirectory, (seen) => seen.system !== undefined);
      assert.equal(vm.system?.initSystem, init);
      assert.match(await innText(['exec', name, '--', 'cat', '/proc/1/comm'], options), /^(init|systemd)$/m);
      const shown = JSON.parse(await innText(['show', name, '-o', 'json'], options)) as { readonly id: string };
      assert.equal(shown.id, vm.id);
    });

    it(`${image}: innkeeper-agent doctor finds nothing missing between the agent and its host`, async () => {
      const doctor = ['/usr/local/bin/innkeeper-agent', 'doctor', '-o', 'json'];
      const { exitCode, stdout } = await inn(['exec', name, '--', ...doctor], options);
      assert.equal(exitCode, 0, stdout.toString());
      assert.match(stdout.toString(), /"check":"unit","state":"ok"/);
    });

    if (init === 'systemd') {
      it(`${image}: processes of VMs survive when systemd restarts and stops innkeeper.service`, async () => {
        await checkServiceUnit(name, options);
      });
    }

    if (init !== 'busybox') {
      it(`${image}: services are listed, started, stopped and enabled, and a failed one says why`, async () => {
        await checkServices(name, init, options);
      });
    }

    it(`${image}: the inventory has the guest’s disk, packages, users and routes, and no containers with the reason`, async () => {
      await checkInventory(name, options);
    });

    it(`${image}: logs of the kernel, the agent, a followed file and the journal are read`, async () => {
      await checkLogs(name, init, options);
    });

    it(`${image}: the reported memory is the same as from free`, async () => {
      const free = await guestShell(name, 'free -b', options);
      const columns = /^Mem:\s+(.*)$/m.exec(free)?.[1]?.split(/\s+/).map(Number) ?? [];
      const { memory } = await nextTelemetry(name, daemon.dataDirectory);
      assert.equal(Number(memory?.totalBytes), columns[0]);
      // Some time passes between the two measurements.
      assert.ok(
        Math.abs(Number(memory?.availableBytes) - Number(columns.at(-1))) < 8 * mib,
        `${memory?.availableBytes} and ${free}`,
      );
      assert.equal(Number(memory?.usedBytes), Number(memory?.totalBytes) - Number(memory?.availableBytes));
    });

    it(`${image}: the reported mounts are the same as from df`, async () => {
      const rows = parseDf(await guestShell(name, 'df -kP', options));
      const { mounts } = await nextTelemetry(name, daemon.dataDirectory);
      const reported = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
      // devtmpfs is excluded by the agent, since it does not fill up.
      const expected = rows.filter((row) => row.mountPoint !== '/dev');
      assert.ok(expected.some((row) => row.mountPoint === '/'));
      for (const row of expected) {
        const mount = reported.get(row.mountPoint);
        assert.ok(mount !== undefined, `${row.mountPoint} is not among ${[...reported.keys()]}`);
        assert.equal(Math.floor(Number(mount.totalBytes) / 1024), row.totalKib, row.mountPoint);
        assert.ok(
          Math.abs(Number(mount.usedBytes) / 1024 - row.usedKib) < 1024,
          `${row.mountPoint}: ${mount.usedBytes} bytes and ${row.usedKib} KiB`,
        );
      }
    });

    it(`${image}: one busy loop on two CPUs is reported as 50 %, and ends by a signal`, async () => {
      const { sample, exitCode } = await measureBusyLoop(name, daemon.dataDirectory);
      const seen = `${sample.busyPercent.toFixed(1)} % busy; the hypervisor waited ${sample.hostWaitPercent.toFixed(1)} % of the time for a CPU`;
      say(`${name}: ${seen}`);
      assert.ok(sample.busyPercent >= 45 && sample.busyPercent <= 55, seen);
      assert.equal(exitCode, 143);
    });

    it(`${image}: a command runs as another user with supplementary groups`, async () => {
      assert.match(await innText(['exec', '-u', 'guest', name, '--', 'id'], options), /uid=\d+\(guest\)/);
      const expected = await guestShell(name, 'id -G guest', options);
      const groups = await innText(['exec', '-u', 'guest', name, '--', 'id', '-G'], options);
      assert.ok(groups.trim().split(' ').length >= 2, groups);
      assert.deepEqual(groups.trim().split(' ').sort(), expected.trim().split(' ').sort());
    });

    it(`${image}: inn exec exits with the exit code of the guest’s command`, async () => {
      assert.equal((await inn(['exec', name, '--', 'sh', '-c', 'exit 42'], options)).exitCode, 42);
      assert.equal((await inn(['exec', name, '--', '/no/such/program'], options)).exitCode, 127);
      assert.equal((await inn(['exec', name, '--', 'no-such-program'], options)).exitCode, 127);
    });

    it(`${image}: a file of ${copiedMib} MiB is copied in both directions with equal hashes`, async () => {
      const content = randomBytes(copiedMib * mib);
      const there = join(folder, 'there');
      const back = join(folder, 'back');
      writeFileSync(there, content);
      let from = performance.now();
      await innText(['cp', there, `${name}:/root/file`], options);
      const uploadMs = performance.now() - from;
      const inside = await guestShell(name, 'sha256sum /root/file', options);
      assert.equal(inside.split(' ')[0], createHash('sha256').update(content).digest('hex'));
      from = performance.now();
      await innText(['cp', `${name}:/root/file`, back], options);
      say(`${name}: ${copiedMib} MiB in ${Math.round(uploadMs)} ms, out in ${Math.round(performance.now() - from)} ms`);
      assert.ok(readFileSync(back).equals(content));
      await guestShell(name, 'rm /root/file', options);
    });

    it(`${image}: numbers up to ${lastNumber}, ${rounds} times, pass through a slow pipe completely, with bounded memory of all programs`, async () => {
      const daemonBefore = daemon.rssBytes();
      const from = performance.now();
      const script = `seq ${lastNumber} >/tmp/numbers; for i in $(seq ${rounds}); do echo round $i; cat /tmp/numbers; done`;
      const slow = await hashThroughSlowPipe(['exec', name, '--', 'sh', '-c', script], options, daemon.pid);
      const agentPeak = await agentPeakRssBytes(name, options);
      say(
        `${name}: ${slow.bytes} bytes in ${Math.round(performance.now() - from)} ms; resident MiB: inn ${inMib(slow.innRssBytes)}, daemon ${inMib(daemonBefore)} and then ${inMib(slow.daemonRssBytes)}, agent ${inMib(agentPeak)}`,
      );
      assert.deepEqual([slow.bytes, slow.sha256], expectedNumbers(rounds));
      assert.equal(slow.exitCode, 0);
      // Node alone needs 75 MiB and collects garbage late; with the whole output in memory it would be 240 MiB.
      assert.ok(slow.innRssBytes < 210 * mib, `inn had ${slow.innRssBytes} bytes`);
      assert.ok(slow.daemonRssBytes - daemonBefore < 80 * mib, `the daemon grew to ${slow.daemonRssBytes} bytes`);
      assert.ok(agentPeak < 8 * mib, `the agent had ${agentPeak} bytes`);
    });

    it(`${image}: shells keep their screens without viewers, with any size and user`, async () => {
      await checkTerminal(name, daemon.dataDirectory);
      await checkShell(name, daemon.dataDirectory);
    });

    it(`${image}: files of /proc, which have no size, can be copied`, async () => {
      assert.match(await innText(['cp', `${name}:/proc/cpuinfo`, '-'], options), /processor\s+: 0/);
    });

    if (init === 'systemd') {
      it(`${image}: the agent's package takes over from the agent in the image, and systemd starts it with its port`, async () => {
        await checkAgentPackage(name, folder, options);
      });
    }

    it(`${image}: the guest shuts down cleanly when it is stopped`, async () => {
      const from = performance.now();
      await innText(['stop', name, '--timeout', '2m'], { ...options, timeoutMs: 200_000 });
      const stopMs = performance.now() - from;
      say(`${name}: stopped after ${Math.round(stopMs)} ms`);
      const vm = await showVm(name, daemon.dataDirectory);
      assert.equal(vm.state, VmState.STOPPED);
      assert.equal(vm.stateDetail, '');
      // The agent did it: the power button or the kill would be the operation's last stage.
      const { operations } = await clientOf(daemon.dataDirectory).operations.listOperations({});
      const stop = operations.find(({ kind, target }) => kind === 'vm.stop' && target === name);
      assert.equal(stop?.stage, 'asking the agent');
      assert.doesNotMatch(daemon.log(), /failed/);
      const events = await clientOf(daemon.dataDirectory).vms.listEvents({ vm: name, limit: 10 });
      const lost = events.events.find(({ kind }) => kind === 'agent.lost');
      assert.match(lost?.message ?? '', /goodbye/);
      // Its root was unmounted or remounted read-only: the journal is empty.
      const header = rootFileSystemHeader(daemon.dataDirectory, vm.id, folder);
      assert.match(header, /^Filesystem state:\s+clean$/m);
      assert.doesNotMatch(header, /needs_recovery/);
    });
  });
}

function inMib(bytes: number): string {
  return (bytes / mib).toFixed(1);
}

function parseDf(text: string): { mountPoint: string; totalKib: number; usedKib: number }[] {
  const lines = text.trim().split('\n').slice(1);
  return lines.map((line) => {
    const columns = line.split(/\s+/);
    return { mountPoint: columns[5] ?? '', totalKib: Number(columns[1]), usedKib: Number(columns[2]) };
  });
}

/** Length and SHA-256 of the long output. */
function expectedNumbers(rounds: number): [number, string] {
  const hash = createHash('sha256');
  const numbers = Buffer.from(Array.from({ length: lastNumber }, (_, index) => `${index + 1}\n`).join(''));
  let bytes = 0;
  for (let round = 1; round <= rounds; round++) {
    const line = `round ${round}\n`;
    hash.update(line).update(numbers);
    bytes += line.length + numbers.length;
  }
  return [bytes, hash.digest('hex')];
}
