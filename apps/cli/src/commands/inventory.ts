import type { Inventory } from '@innkeeper/contract/agent';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { clean } from '../output/clean.ts';
import { formatBytes } from '../output/format.ts';
import { printValue } from '../output/json.ts';

/** `inn inventory VM [packages|users|containers|disks|cards|routes]` */
export const command = defineCommand({
  arguments: '<vm> [part]',
  options: outputOptions,
  async run({ client, options }, vm, part) {
    const { printPart, inventoryParts, wholeInventory } = await import('./inventory-parts.ts');
    if (part !== undefined) {
      const known = inventoryParts.find((each) => each === part);
      if (known === undefined)
        throw new CliError(`unknown part "${clean(part)}"; the parts are ${inventoryParts.join(', ')}`);
      await printPart(client, vm, known, options);
      return;
    }
    if (options.output === 'json' || options.output === 'yaml') {
      printValue(options.output, await wholeInventory(client, vm));
      return;
    }
    if (options.output !== 'table' && options.output !== 'wide')
      throw new CliError(`-o ${options.output} needs a part: ${inventoryParts.join(', ')}`);
    process.stdout.write(describe(await client.inventory.get(vm)));
    for (const each of ['disks', 'cards', 'routes'] as const) {
      process.stdout.write('\n');
      await printPart(client, vm, each, options);
    }
  },
});

function describe(inventory: Inventory): string {
  const { cpus, cpuCores, cpuSockets, memoryBytes, swapBytes } = inventory;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['host name', inventory.hostname],
    ['system', `${inventory.osName} (${inventory.architecture})`],
    ['kernel', inventory.kernel],
    ['machine', [inventory.vendor, inventory.product, inventory.productVersion].filter(Boolean).join(' ')],
    ['serial', inventory.serial],
    ['uuid', inventory.uuid],
    [
      'firmware',
      [inventory.firmwareVendor, inventory.firmwareVersion, inventory.firmwareDate].filter(Boolean).join(' '),
    ],
    ['CPU', inventory.cpuModel],
    ['CPUs', cpus === undefined ? undefined : `${cpus}${coresText(cpuCores, cpuSockets)}`],
    ['memory', memoryBytes === undefined ? undefined : formatBytes(memoryBytes)],
    ['swap', swapBytes === undefined ? undefined : formatBytes(swapBytes)],
    ['not listed', inventory.omitted === 0 ? undefined : `${inventory.omitted} disks, cards or routes`],
  ];
  return lines
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name.padEnd(12)}${clean(value ?? '')}\n`)
    .join('');
}

function coresText(cores: number | undefined, sockets: number | undefined): string {
  if (cores === undefined || sockets === undefined) return '';
  return ` on ${cores} core${cores === 1 ? '' : 's'} in ${sockets} socket${sockets === 1 ? '' : 's'}`;
}
