import { setTimeout as delay } from 'node:timers/promises';
import type { GuestShell } from '../guest-shell.ts';
import { type Metric, makeMetric } from '../metric.ts';

/** The pids of the two compared processes in the guest. */
export interface Pids {
  readonly ours: number;
  readonly theirs: number;
}

/** Resident memory of both; `when` is part of the metric's name. */
export async function measureMemory(shell: GuestShell, pids: Pids, when: string, targetMb: number): Promise<Metric[]> {
  const kilobytes = 1024 / 1_000_000;
  const ours = (await shell.statusOf(pids.ours, 'VmRSS')) * kilobytes;
  const theirs = (await shell.statusOf(pids.theirs, 'VmRSS')) * kilobytes;
  const peak = (await shell.statusOf(pids.ours, 'VmHWM')) * kilobytes;
  const theirPeak = (await shell.statusOf(pids.theirs, 'VmHWM')) * kilobytes;
  return [
    makeMetric({
      metric: `RSS ${when}`,
      value: ours,
      unit: 'MB',
      peer: { name: 'qemu-ga', value: theirs },
      bound: { of: 'value', is: { atMost: targetMb } },
    }),
    makeMetric({
      metric: `peak RSS ${when}`,
      value: peak,
      unit: 'MB',
      peer: { name: 'qemu-ga', value: theirPeak },
      bound: { of: 'value', is: { atMost: 8 } },
    }),
  ];
}

/** CPU time and wake-ups of both over a minute without requests. */
export async function measureIdle(
  shell: GuestShell,
  pids: Pids,
  when: string,
  seconds: number,
  wakeupsAllowed: number | undefined,
): Promise<Metric[]> {
  const before = [await shell.costOf(pids.ours), await shell.costOf(pids.theirs)] as const;
  await delay(seconds * 1000);
  const after = [await shell.costOf(pids.ours), await shell.costOf(pids.theirs)] as const;
  const share = (index: 0 | 1): number => ((after[index].cpuMs - before[index].cpuMs) / (seconds * 1000)) * 100;
  const wakeups = (index: 0 | 1): number => after[index].wakeups - before[index].wakeups;
  return [
    makeMetric({
      metric: `CPU idle ${when}, ${seconds} s`,
      value: share(0),
      unit: '% core',
      peer: { name: 'qemu-ga', value: share(1) },
      bound: { of: 'value', is: { atMost: 0.1 } },
    }),
    makeMetric({
      metric: `wake-ups idle ${when}, ${seconds} s`,
      value: wakeups(0),
      unit: '',
      peer: { name: 'qemu-ga', value: wakeups(1) },
      bound: wakeupsAllowed === undefined ? undefined : { of: 'value', is: { atMost: wakeupsAllowed } },
    }),
  ];
}
