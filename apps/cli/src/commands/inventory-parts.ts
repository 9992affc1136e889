import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import type { InnkeeperClient } from '@innkeeper/client';
import {
  AccountSchema,
  type Container,
  ContainerRuntimeSchema,
  ContainerSchema,
  DiskSchema,
  InventorySchema,
  NetworkCardSchema,
  PackageSchema,
  RouteSchema,
} from '@innkeeper/contract/agent';
import { clean } from '../output/clean.ts';
import { formatBytes, formatTime } from '../output/format.ts';
import { printList, type RowsOptions } from '../output/print-list.ts';
import type { Column } from '../output/table.ts';

export const inventoryParts = ['packages', 'users', 'containers', 'disks', 'cards', 'routes'] as const;
type Part = (typeof inventoryParts)[number];
type Options = RowsOptions<DescMessage>['options'];

/** Text and address columns: dashes for what the guest does not know. */
const or = (text: string): string => text || '–';

/** Everything, for JSON: the API's own objects. */
export async function wholeInventory({ inventory }: InnkeeperClient, vm: string): Promise<object> {
  const system = await inventory.get(vm);
  const packages = await inventory.packages(vm);
  return {
    ...(toJson(InventorySchema, system) as object),
    packageManager: packages.manager,
    ...(packages.missing === '' ? {} : { packagesMissing: packages.missing }),
    packages: packages.packages.map((each) => toJson(PackageSchema, each)),
    accounts: (await inventory.accounts(vm)).map((each) => toJson(AccountSchema, each)),
    containerRuntimes: (await inventory.containers(vm)).map((each) => toJson(ContainerRuntimeSchema, each)),
  };
}

/** Prints one part as a list. */
export async function printPart(
  { inventory }: InnkeeperClient,
  vm: string,
  part: Part,
  options: Options,
): Promise<void> {
  const list = <Desc extends DescMessage>(
    rows: readonly MessageShape<Desc>[],
    schema: Desc,
    columns: readonly Column<MessageShape<Desc>>[],
    nameOf: (row: MessageShape<Desc>) => string,
    whenEmpty = `This guest reports no ${part}.`,
  ): void => printList(rows, { columns, nameOf, objectOf: (row) => toJson(schema, row), whenEmpty, options });
  if (part === 'packages') {
    const { packages, missing } = await inventory.packages(vm);
    const none = missing === '' ? undefined : `No packages: ${clean(missing)}.`;
    list(
      packages,
      PackageSchema,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'VERSION', value: ({ version }) => version },
        { title: 'ARCH', value: ({ architecture }) => or(architecture) },
        { title: 'SIZE', align: 'right', value: ({ installedBytes }) => formatBytes(installedBytes) },
      ],
      ({ name }) => name,
      none,
    );
  } else if (part === 'users') {
    list(
      await inventory.accounts(vm),
      AccountSchema,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'UID', align: 'right', value: ({ uid }) => `${uid}` },
        { title: 'GID', align: 'right', value: ({ gid }) => `${gid}` },
        { title: 'HOME', value: ({ home }) => or(home) },
        { title: 'SHELL', value: ({ shell }) => or(shell) },
        { title: 'GROUPS', wide: true, value: ({ groups }) => or(groups.join(' ')) },
      ],
      ({ name }) => name,
    );
  } else if (part === 'containers') {
    const runtimes = await inventory.containers(vm);
    if (!options.quiet)
      for (const { name, missing, more } of runtimes) {
        if (missing !== '') process.stderr.write(`${clean(name)}: not known: ${clean(missing)}\n`);
        if (more) process.stderr.write(`${clean(name)}: only the newest containers are listed.\n`);
      }
    const runtimeOf = new Map<Container, string>(
      runtimes.flatMap(({ name, containers }) => containers.map((each) => [each, name] as const)),
    );
    list(
      [...runtimeOf.keys()],
      ContainerSchema,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'RUNTIME', value: (row) => runtimeOf.get(row) ?? '' },
        { title: 'IMAGE', value: ({ image }) => or(image) },
        { title: 'STATE', value: ({ state }) => or(state) },
        { title: 'STATUS', value: ({ status }) => or(status) },
        { title: 'CREATED', wide: true, value: ({ createdUnixNs }) => formatTime(createdUnixNs) },
        { title: 'ID', wide: true, value: ({ id }) => id.slice(0, 12) },
      ],
      ({ name }) => name,
      runtimes.every(({ missing }) => missing !== '') ? ' ' : 'This guest has no containers.',
    );
  } else {
    const { disks, cards, routes } = await inventory.get(vm);
    if (part === 'disks')
      list(
        disks,
        DiskSchema,
        [
          { title: 'DISK', value: ({ name }) => name },
          { title: 'SIZE', align: 'right', value: ({ sizeBytes }) => formatBytes(sizeBytes) },
          { title: 'PCI', value: ({ pciAddress }) => or(pciAddress) },
          { title: 'VIRTIO', value: ({ virtio }) => or(virtio) },
          { title: 'SERIAL', value: ({ serial }) => or(serial) },
          { title: 'MODEL', wide: true, value: ({ vendor, model }) => or(`${vendor} ${model}`.trim()) },
        ],
        ({ name }) => name,
      );
    else if (part === 'cards')
      list(
        cards,
        NetworkCardSchema,
        [
          { title: 'CARD', value: ({ name }) => name },
          { title: 'MAC', value: ({ macAddress }) => or(macAddress) },
          { title: 'PCI', value: ({ pciAddress }) => or(pciAddress) },
          { title: 'VIRTIO', value: ({ virtio }) => or(virtio) },
          { title: 'DRIVER', value: ({ driver }) => or(driver) },
        ],
        ({ name }) => name,
      );
    else
      list(
        routes,
        RouteSchema,
        [
          { title: 'ROUTE', value: ({ destination }) => destination },
          { title: 'GATEWAY', value: ({ gateway }) => or(gateway) },
          { title: 'INTERFACE', value: (route) => route.interface },
          { title: 'METRIC', align: 'right', value: ({ metric }) => `${metric}` },
        ],
        ({ destination }) => destination,
      );
  }
}
