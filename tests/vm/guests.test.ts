import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from './daemon.ts';
import { inn, innText } from './inn.ts';
import { hashThroughSlowPipe } from './slow-pipe.ts';
import { isConnected, removeVm, showVm, waitForVm } from './vm-state.ts';

const mib = 1024 * 1024;

/** The three ways a guest starts its services. */
const guests = [
  { image: 'tiny', init: 'busybox', bootMs: 60_000 },
  { image: 'debian', init: 'systemd', bootMs: 120_000 },
  { image: 'debian-openrc', init: 'openrc', bootMs: 180_000 },
] as const;

for (const { image, init, bootMs } of guests) {
  describe(`a guest of the image ${image}`, () => {
    const name = `test-${image}`;
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-vm-'));
    let daemon: Daemon;
    let options: { dataDirectory: string };

    before(async () => {
      daemon = await startDaemon();
      options = { dataDirectory: daemon.dataDirectory };
      await innText(['image', 'build', image], { ...options, timeoutMs: 600_000 });
      await removeVm(name, daemon.dataDirectory);
      await innText(['create', name, '--image', image, '--cpus', '2', '--memory', '512M', '--start'], {
        ...options,
        timeoutMs: bootMs,
      });
      await waitForVm(name, daemon.dataDirectory, isConnected, bootMs);
    });

    after(async () => {
      await removeVm(name, daemon.dataDirectory);
      await daemon[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    it('has an agent that came up by itself, under its own init system', async () => {
      const vm = await waitForVm(name, daemon.dataDirectory, (seen) => seen.system !== undefined);
      assert.equal(vm.system?.initSystem, init);
      assert.match(await innText(['exec', name, '--', 'cat', '/proc/1/comm'], options), /^(init|systemd)/);
    });

    it('reports the memory that free reports', async () => {
      const free = await innText(['exec', name, '--', 'free', '-b'], options);
      const columns = /^Mem:\s+(.*)$/m.exec(free)?.[1]?.split(/\s+/).map(Number) ?? [];
      const memory = (await showVm(name, daemon.dataDirectory)).telemetry?.memory;
      assert.equal(Number(memory?.totalBytes), columns[0]);
      assert.ok(
        Math.abs(Number(memory?.availableBytes) - Number(columns.at(-1))) < 16 * mib,
        `${memory?.availableBytes} and ${free}`,
      );
      assert.equal(Number(memory?.usedBytes), Number(memory?.totalBytes) - Number(memory?.availableBytes));
    });

    it('reports the mounts that df reports', async () => {
      const df = await innText(['exec', name, '--', 'df', '-k'], options);
      const rows = new Map(
        df
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => line.split(/\s+/))
          .map((columns) => [columns[5] ?? '', { totalKib: Number(columns[1]), usedKib: Number(columns[2]) }]),
      );
      const mounts = (await showVm(name, daemon.dataDirectory)).telemetry?.mounts ?? [];
      assert.ok(mounts.some((mount) => mount.mountPoint === '/'));
      for (const mount of mounts) {
        const row = rows.get(mount.mountPoint);
        if (row === undefined) continue;
        assert.equal(Math.floor(Number(mount.totalBytes) / 1024), row.totalKib, mount.mountPoint);
        assert.ok(
          Math.abs(Number(mount.usedBytes) / 1024 - row.usedKib) < 4096,
          `${mount.mountPoint}: ${mount.usedBytes} and ${row.usedKib} KiB`,
        );
      }
    });

    it('reads 50 % for one busy loop on two CPUs', async () => {
      const started = await innText(['exec', name, '--detach', '--', 'sh', '-c', 'while :; do :; done'], options);
      const from = BigInt((await showVm(name, daemon.dataDirectory)).telemetry?.monotonicNs ?? 0);
      // Two whole intervals after the loop began.
      const vm = await waitForVm(
        name,
        daemon.dataDirectory,
        (seen) => BigInt(seen.telemetry?.monotonicNs ?? 0) > from + 10_500_000_000n,
      );
      await innText(
        ['exec', name, '--', 'sh', '-c', 'kill -9 $(pgrep -f "while :; do" | grep -v "^$$\\$")'],
        options,
      ).catch(() => undefined);
      const busy = vm.telemetry?.cpu?.busyPercent ?? Number.NaN;
      assert.ok(busy >= 45 && busy <= 55, `${busy} % after ${started}`);
    });

    it('runs a command as another user with its supplementary groups', async () => {
      const id = await innText(['exec', name, '-u', 'guest', '--', 'id'], options);
      assert.match(id, /uid=\d+\(guest\)/);
      const groups = await innText(['exec', name, '--', 'id', '-G', 'guest'], options);
      assert.ok(groups.trim().split(' ').length >= 2, groups);
      assert.equal((await innText(['exec', name, '-u', 'guest', '--', 'id', '-G'], options)).trim(), groups.trim());
    });

    it('gives the exit code of the guest as its own', async () => {
      assert.equal((await inn(['exec', name, '--', 'sh', '-c', 'exit 42'], options)).exitCode, 42);
      assert.equal((await inn(['exec', name, '--', '/no/such/program'], options)).exitCode, 127);
    });

    it('moves a file of 64 MiB both ways with equal hashes', async () => {
      const content = randomBytes(64 * mib);
      const there = join(folder, 'there');
      const back = join(folder, 'back');
      writeFileSync(there, content);
      await innText(['cp', there, `${name}:/root/file`], options);
      const inside = await innText(['exec', name, '--', 'sha256sum', '/root/file'], options);
      assert.equal(inside.split(' ')[0], createHash('sha256').update(content).digest('hex'));
      await innText(['cp', `${name}:/root/file`, back], options);
      assert.ok(readFileSync(back).equals(content));
      await innText(['exec', name, '--', 'rm', '/root/file'], options);
    });

    it('sends 169 MB of output through a slow pipe, whole and in bounded memory', async () => {
      const last = image === 'debian' ? 20_000_000 : 2_000_000;
      const expected = createHash('sha256');
      for (let from = 1; from <= last; from += 100_000)
        expected.update(
          Array.from({ length: Math.min(100_000, last - from + 1) }, (_, index) => `${from + index}\n`).join(''),
        );
      const before = daemon.rssBytes();
      const slow = await hashThroughSlowPipe(['exec', name, '--', 'seq', String(last)], options, {
        pauseEveryBytes: 8 * mib,
      });
      assert.equal(slow.sha256, expected.digest('hex'));
      assert.ok(slow.peakRssBytes < 250 * mib, `inn used ${slow.peakRssBytes} bytes`);
      assert.ok(daemon.rssBytes() - before < 100 * mib, `the daemon grew by ${daemon.rssBytes() - before} bytes`);
    });

    it('gives files of /proc, whose size nobody knows', async () => {
      assert.match(await innText(['cp', `${name}:/proc/cpuinfo`, '-'], options), /processor\s+: 0/);
    });

    it('shuts down cleanly when it is stopped', async () => {
      await innText(['stop', name], { ...options, timeoutMs: 120_000 });
      const vm = await showVm(name, daemon.dataDirectory);
      assert.equal(vm.state, 'VM_STATE_STOPPED');
      const events = await innText(['events', name, '-o', 'json'], options);
      assert.doesNotMatch(events, /kill/i);
    });
  });
}
