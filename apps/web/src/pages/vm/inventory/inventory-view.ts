import type { Inventory, Package } from '@innkeeper/contract/agent';
import { quoteWord } from '@innkeeper/kit';

/** The packages whose name or version contains all words. */
export function filterPackages<T extends Pick<Package, 'name' | 'version'>>(packages: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return packages.filter(({ name, version }) => {
    const searched = `${name} ${version}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** Vendor and product; undefined if the firmware gives none. */
export function machineText({ vendor, product, productVersion }: Inventory): string | undefined {
  return [vendor, product, productVersion].filter(Boolean).join(' ') || undefined;
}

/** "4 on 2 cores in 1 socket (EPYC)", of which any part may be unknown. */
export function cpuText({ cpuModel, cpus, cpuCores, cpuSockets }: Inventory): string | undefined {
  const topology =
    cpuCores === undefined || cpuSockets === undefined
      ? ''
      : ` on ${cpuCores} core${cpuCores === 1 ? '' : 's'} in ${cpuSockets} socket${cpuSockets === 1 ? '' : 's'}`;
  const counts = cpus === undefined ? '' : `${cpus}${topology}`;
  const model = cpuModel === '' ? '' : counts === '' ? cpuModel : ` (${cpuModel})`;
  return `${counts}${model}` || undefined;
}

/** The `inn` command that shows all of it. */
export function inventoryCommand(vm: string): string {
  return `inn inventory ${quoteWord(vm)}`;
}
