import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { until } from '@innkeeper/kit/testing';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell, startInGuest } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, waitForVm } from './vm-state.ts';

const name = 'test-clock';
const twoHoursLater = pathToFileURL(join(import.meta.dirname, 'two-hours-later.mjs')).href;
const off = (offsetNs: bigint | undefined): number => Math.abs(Number(offsetNs ?? 0n)) / 1e9;

describe('the clock of a real guest', () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };

  const guest = (script: string): Promise<string> => guestShell(name, script, options);
  /** Seconds by which the guest's clock is ahead of this machine's. */
  const ahead = async (): Promise<number> => {
    const { vms } = clientOf(daemon.dataDirectory);
    // Measured by the node: a command takes long to start where the CPU is emulated.
    const { offsetNs } = await vms.syncClock({ vm: name });
    return Number(offsetNs) / 1e9;
  };

  /** Waits until what inn prints matches. */
  const says = (words: readonly string[], pattern: RegExp): Promise<boolean> =>
    until(async () => pattern.test((await inn(words, options)).stdout.toString()), {
      withinMs: 60_000,
      everyMs: 100,
      what: () => `${pattern} in what inn ${words.join(' ')} prints`,
    });

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 120_000);
  });

  after(() => cleanUp(daemon, [name]));

  it('inn sync-time corrects a clock that was set wrong by hand, and says how far it was off', async () => {
    // Less than the 5 s from which the daemon corrects it by itself, with the fraction that is cut and the time of "date".
    await guest('date -s @$(($(date +%s) - 2))');
    const { stdout } = await inn(['sync-time', name, '-o', 'json'], options);
    const set = JSON.parse(stdout.toString()) as Record<'offsetNs' | 'residualNs' | 'source', string>;
    say(`off by ${set.offsetNs} ns, then by ${set.residualNs ?? 0} ns`);
    assert.equal(set.source, 'the host');
    assert.ok(Number(set.offsetNs) < -1e9 && Number(set.offsetNs) > -5e9, set.offsetNs);
    assert.ok(Math.abs(Number(set.residualNs ?? 0)) < 0.25e9, set.residualNs);
    assert.ok(Math.abs(await ahead()) < 0.25);
    assert.match(await innText(['sync-time', name], options), /^Set by the host: it was [\d.]+ s/);
  });

  it('inn show and inn doctor name a clock that stays wrong, and it is corrected when nothing sets it any more', async () => {
    const loop =
      'while [ ! -e /tmp/enough ]; do date -s "2025-01-01 00:00:00" >/dev/null; usleep 20000; done; touch /tmp/over';
    await startInGuest(name, loop, options);
    await waitForVm(name, daemon.dataDirectory, ({ agent }) => off(agent?.clockOffsetNs) > 5);
    try {
      // The daemon corrects it again and again meanwhile, so that one answer may come at a moment when it is right.
      await says(['show', name], /clock +\d+\.\d s behind its host/);
      await says(['doctor', name], /The guest’s clock is \d+\.\d s behind its host\./);
    } finally {
      await guest('touch /tmp/enough; while [ ! -e /tmp/over ]; do usleep 10000; done');
    }
    await innText(['sync-time', name], options);
    assert.ok(Math.abs(await ahead()) < 1);
    await waitForVm(name, daemon.dataDirectory, ({ agent }) => off(agent?.clockOffsetNs) < 1);
  });

  it('a guest that was paused for two hours has the right time when its agent answers', async () => {
    await daemon.killHard();
    daemon = await startDaemon(options.dataDirectory, ['env', `NODE_OPTIONS=--import=${twoHoursLater}`]);
    const vm = await waitForVm(name, daemon.dataDirectory, isConnected);
    assert.equal(vm.id.length, 36);
    const seconds = Number(await guest('date +%s'));
    const right = Date.now() / 1000 + 7200;
    say(`the guest’s clock is ${(right - seconds).toFixed(1)} s behind, with the time of a command`);
    assert.ok(Math.abs(right - seconds) < 5, `${seconds} and ${right}`);
    assert.ok(Math.abs(await ahead()) < 1);
  });

  it('a guest whose clock is ahead of a host that was set back is corrected within two reports', async () => {
    await daemon.killHard();
    daemon = await startDaemon(options.dataDirectory);
    await waitForVm(
      name,
      daemon.dataDirectory,
      ({ agent }) => agent?.clockOffsetNs !== undefined && off(agent.clockOffsetNs) < 1,
    );
    assert.ok(Math.abs(await ahead()) < 1);
  });
});
