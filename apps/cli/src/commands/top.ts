import { setTimeout as delay } from 'node:timers/promises';
import { toJson } from '@bufbuild/protobuf';
import { type Vm, VmSchema, VmState } from '@innkeeper/contract/control';
import { onAbort } from '@innkeeper/kit';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal, onTerminationSignal } from '../ended-by-signal.ts';
import { outputOptions, text } from '../options.ts';
import { cleanJson } from '../output/clean.ts';
import { formatBytes, formatPercent } from '../output/format.ts';
import { fullestMount } from '../output/fullest-mount.ts';
import { agentStateLabel, vmStateLabel } from '../output/state-labels.ts';
import { type Column, formatTable } from '../output/table.ts';
import { parseDuration } from '../parse-values.ts';

/** What the agent reports about the guest, next to what its hypervisor uses on the host. */
const columns: readonly Column<Vm>[] = [
  { title: 'NAME', value: (vm) => vm.name },
  { title: 'STATE', value: (vm) => vmStateLabel(vm) },
  { title: 'AGENT', value: (vm) => agentStateLabel(vm.agent?.state ?? 0) },
  { title: 'GUEST CPU', align: 'right', value: (vm) => formatPercent(vm.telemetry?.cpu?.busyPercent) },
  { title: 'GUEST MEMORY', align: 'right', value: (vm) => usedOfTotal(vm) },
  { title: 'LOAD', align: 'right', value: (vm) => vm.telemetry?.load?.oneMinute?.toFixed(2) ?? '–' },
  { title: 'FULLEST DISK', align: 'right', value: (vm) => diskOf(vm) },
  { title: 'PROCESSES', align: 'right', value: (vm) => `${vm.telemetry?.processCount ?? '–'}` },
  { title: 'HOST CPU', align: 'right', value: (vm) => formatPercent(vm.hypervisor?.cpuPercent) },
  { title: 'HOST MEMORY', align: 'right', value: (vm) => formatBytes(vm.hypervisor?.rssBytes) },
];

/** `inn top`: live on a terminal until q or ^C; otherwise one table, or with -o json one line per interval. */
export const command = defineCommand({
  arguments: '[vm]',
  options: [...outputOptions, text('--interval <duration>', 'time between updates', '2s')],
  async run({ client, allPages, options }, name) {
    const intervalMs = parseDuration(options.interval, '--interval');
    const readVms = async (): Promise<readonly Vm[]> =>
      name === undefined
        ? await allPages(
            (page) => client.vms.listVms(page),
            ({ vms }) => vms,
          )
        : [await client.vms.getVm({ vm: name })];
    if (options.output === 'json') {
      for (;;) {
        const vms = await readVms();
        process.stdout.write(
          `${cleanJson(JSON.stringify({ time: new Date().toISOString(), vms: vms.map((vm) => toJson(VmSchema, vm)) }))}\n`,
        );
        await delay(intervalMs);
      }
    }
    const draw = async (): Promise<string> => screen(await readVms(), options.headers);
    if (process.stdout.isTTY === true) await live(draw, intervalMs);
    else process.stdout.write(await draw());
  },
});

function screen(vms: readonly Vm[], headers: boolean): string {
  if (vms.length === 0) return 'No VMs. Create one: inn create hello --image tiny --start\n';
  const rank = (vm: Vm): number => (vm.state === VmState.RUNNING ? (vm.telemetry?.cpu?.busyPercent ?? 0) + 1 : 0);
  return formatTable(
    [...vms].sort((a, b) => rank(b) - rank(a)),
    columns,
    { headers },
  );
}

/** Redraws on the alternate screen, so that the terminal's content is restored at the end. */
async function live(draw: () => Promise<string>, intervalMs: number): Promise<void> {
  const stop = new AbortController();
  const onKey = (key: Buffer): void => {
    if (['q', 'Q', '\u0003', '\u001b'].includes(key.toString())) stop.abort();
  };
  process.stdout.write('\u001b[?1049h\u001b[?25l');
  process.stdin.setRawMode?.(true);
  process.stdin.on('data', onKey);
  const release = onTerminationSignal((signal) => stop.abort(new EndedBySignal(signal)));
  const stopped = new Promise<undefined>((resolve) => {
    onAbort(stop.signal, () => resolve(undefined));
  });
  try {
    while (!stop.signal.aborted) {
      // A daemon that does not answer must not delay the end.
      const text = await Promise.race([draw(), stopped]);
      if (text === undefined) break;
      process.stdout.write(`\u001b[H\u001b[2J${text}\n"–" is unknown. q quits.\n`);
      await delay(intervalMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    process.stdin.setRawMode?.(false);
    process.stdin.off('data', onKey);
    process.stdin.destroy();
    process.stdout.write('\u001b[?25h\u001b[?1049l');
    release();
  }
  if (stop.signal.reason instanceof EndedBySignal) throw stop.signal.reason;
}

function usedOfTotal(vm: Vm): string {
  const memory = vm.telemetry?.memory;
  return memory?.usedBytes === undefined ? '–' : `${formatBytes(memory.usedBytes)} / ${formatBytes(memory.totalBytes)}`;
}

function diskOf(vm: Vm): string {
  const fullest = fullestMount(vm);
  return fullest === undefined ? '–' : `${formatPercent(fullest.percent)} ${fullest.mountPoint}`;
}
