import type { AgentLink } from '@innkeeper/agent-client';
import type { GuestShell } from '../guest-shell.ts';
import { type Metric, makeMetric, median } from '../metric.ts';
import type { QgaClient } from '../qga-client.ts';
import type { RawPort } from '../raw-port.ts';

const mib = 1024 * 1024;

export interface TransferTools {
  readonly link: AgentLink;
  readonly qga: QgaClient;
  readonly raw: RawPort;
  readonly shell: GuestShell;
  /** Device path of the raw port in the guest. */
  readonly rawDevice: string;
  /** A folder on tmpfs in the guest. */
  readonly folder: string;
}

/** Throughput to and from the guest, in MiB/s; each repetition measures Innkeeper, dd and qemu-ga in turn. */
export async function measureTransfers(tools: TransferTools, repetitions: number): Promise<Metric[]> {
  const oursMib = 64;
  const theirsMib = 16;
  const content = Buffer.alloc(oursMib * mib, 'innkeeper');
  const rates: Record<string, number[]> = {};
  const note = (name: string, rate: number): void => {
    rates[name] ??= [];
    rates[name].push(rate);
  };
  for (let round = 0; round < repetitions; round++) {
    note('up', await rateOf(oursMib, () => upload(tools, content, false)));
    note('up dd', await rateOf(oursMib, () => ddUp(tools, content)));
    note(
      'up qga',
      await rateOf(theirsMib, () => tools.qga.upload(`${tools.folder}/qga`, content.subarray(0, theirsMib * mib), mib)),
    );
    note('up sha256', await rateOf(oursMib, () => upload(tools, content, true)));
    note('sha256sum', await sha256sumRate(tools, oursMib));
    note('down', await rateOf(oursMib, () => download(tools, false)));
    note('down dd', await rateOf(oursMib, () => ddDown(tools, oursMib)));
    note('down qga', await rateOf(theirsMib, () => tools.qga.download(`${tools.folder}/qga`, mib)));
    note('down sha256', await rateOf(oursMib, () => download(tools, true)));
  }
  const p50 = (name: string): number => median(rates[name] ?? []);
  const unit = 'MiB/s';
  return [
    makeMetric({
      metric: 'file to guest',
      value: p50('up'),
      unit,
      peer: { name: 'qemu-ga', value: p50('up qga') },
      bound: { of: 'ratio', is: { atLeast: 20 } },
    }),
    makeMetric({
      metric: 'file to guest beside dd',
      value: p50('up'),
      unit,
      peer: { name: 'dd', value: p50('up dd') },
      bound: { of: 'ratio', is: { atLeast: 1 } },
    }),
    makeMetric({
      metric: 'file to guest with SHA-256',
      value: p50('up sha256'),
      unit,
      peer: { name: 'sha256sum', value: p50('sha256sum') },
      bound: { of: 'ratio', is: { atLeast: 0.8 } },
    }),
    makeMetric({
      metric: 'file from guest',
      value: p50('down'),
      unit,
      peer: { name: 'qemu-ga', value: p50('down qga') },
      bound: { of: 'ratio', is: { atLeast: 8 } },
    }),
    makeMetric({
      metric: 'file from guest beside dd',
      value: p50('down'),
      unit,
      peer: { name: 'dd', value: p50('down dd') },
      bound: { of: 'ratio', is: { atLeast: 1 } },
    }),
    makeMetric({
      metric: 'file from guest with SHA-256',
      value: p50('down sha256'),
      unit,
      peer: { name: 'sha256sum', value: p50('sha256sum') },
      bound: { of: 'ratio', is: { atLeast: 0.8 } },
    }),
  ];
}

async function rateOf(sizeMib: number, move: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await move();
  return sizeMib / ((performance.now() - start) / 1000);
}

async function upload({ link, folder }: TransferTools, content: Buffer, sha256: boolean): Promise<void> {
  const path = `${folder}/ours`;
  await link.writeFile({ path, sha256, noSync: true }, (offset) => slices(content, Number(offset)));
}

/** Chunks of 256 KiB, as when reading a file of the host. */
async function* slices(content: Buffer, from: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < content.length; at += 256 * 1024) yield content.subarray(at, at + 256 * 1024);
}

async function download({ link, folder }: TransferTools, sha256: boolean): Promise<void> {
  const reading = link.readFile({ path: `${folder}/ours`, sha256 });
  let bytes = 0;
  for await (const chunk of reading.chunks) bytes += chunk.length;
  await reading.done;
  if (bytes === 0) throw new Error('nothing was read');
}

/** The same bytes by dd from the port into a file of the same file system; its end is reported over the shell's port. */
async function ddUp({ raw, shell, rawDevice, folder }: TransferTools, content: Buffer): Promise<void> {
  const count = content.length / 4096;
  const done = shell.run(`dd if=${rawDevice} of=${folder}/dd bs=4096 count=${count} iflag=fullblock`);
  await raw.write(content);
  await done;
}

async function ddDown({ raw, shell, rawDevice, folder }: TransferTools, sizeMib: number): Promise<void> {
  const done = shell.run(`dd if=${folder}/ours of=${rawDevice} bs=32768`);
  await raw.skip(sizeMib * mib);
  await done;
}

/** sha256sum of the same file in the same guest. */
async function sha256sumRate({ shell, folder }: TransferTools, sizeMib: number): Promise<number> {
  const start = performance.now();
  await shell.run(`sha256sum ${folder}/ours`);
  return sizeMib / ((performance.now() - start) / 1000);
}

/** Moves this much to the guest and back before measuring memory; qemu-ga moves a sixteenth, since it is slow. */
export async function moveVolume(tools: TransferTools, volumeMib: number): Promise<void> {
  const stepMib = 64;
  const content = Buffer.alloc(stepMib * mib, 'innkeeper');
  for (let moved = 0; moved < volumeMib; moved += 2 * stepMib) {
    await upload(tools, content, false);
    await download(tools, false);
  }
  for (let moved = 0; moved < volumeMib / 16; moved += 16) await tools.qga.download(`${tools.folder}/qga`, mib);
}
