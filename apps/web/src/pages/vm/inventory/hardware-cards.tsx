import type { Inventory } from '@innkeeper/contract/agent';
import type { JSX } from 'react';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { Fields } from '../../../components/fields.tsx';
import { Omitted } from '../../../components/omitted.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';
import { showName } from '../../../format/show-name.ts';
import { cpuText, machineText } from './inventory-view.ts';

const notGiven = <Unknown reason="The firmware or the kernel does not give it." />;

/** System, hardware and routes, as the guest reports them. */
export function HardwareCards({ inventory }: { readonly inventory: Inventory }): JSX.Element {
  const { disks, cards, routes, omitted, memoryBytes, swapBytes } = inventory;
  const text = (value: string | undefined): JSX.Element | string =>
    value === undefined || value === '' ? notGiven : showName(value);
  return (
    <>
      <Card title="System">
        <Fields
          entries={{
            'Host name': text(inventory.hostname),
            System: text(inventory.osName),
            Kernel: text(inventory.kernel),
            Architecture: text(inventory.architecture),
            Machine: text(machineText(inventory)),
            'Serial number': text(inventory.serial),
            UUID: text(inventory.uuid),
            Firmware: text(`${inventory.firmwareVendor} ${inventory.firmwareVersion}`.trim()),
          }}
        />
      </Card>
      <Card title="Hardware">
        <Fields
          entries={{
            CPUs: text(cpuText(inventory)),
            Memory: memoryBytes === undefined ? notGiven : formatBytes(memoryBytes),
            Swap: swapBytes === undefined ? notGiven : formatBytes(swapBytes),
          }}
        />
        <DataTable
          label="Network cards"
          rows={cards}
          rowKey={({ name }) => name}
          empty="No network card."
          columns={[
            { label: 'Network card', cell: ({ name }) => showName(name) },
            { label: 'MAC', cell: ({ macAddress }) => <code>{macAddress}</code> },
            { label: 'PCI', cell: ({ pciAddress }) => pciAddress || notGiven },
            { label: 'Driver', cell: ({ driver }) => text(driver) },
          ]}
        />
      </Card>
      <Card title="Disks" className="wide">
        <DataTable
          label="Disks"
          rows={disks}
          rowKey={({ name }) => name}
          empty="No disk."
          columns={[
            { label: 'Name', cell: ({ name }) => showName(name) },
            {
              label: 'Size',
              right: true,
              cell: ({ sizeBytes }) => (sizeBytes === undefined ? notGiven : formatBytes(sizeBytes)),
            },
            { label: 'PCI address', cell: ({ pciAddress }) => pciAddress || notGiven },
            { label: 'Virtio', cell: ({ virtio }) => virtio || notGiven },
            { label: 'Serial', cell: ({ serial }) => text(serial) },
            { label: 'Model', cell: ({ vendor, model }) => text(`${vendor} ${model}`.trim()) },
          ]}
        />
      </Card>
      <Card title="Routes" className="wide">
        <DataTable
          label="Routes"
          rows={routes}
          rowKey={({ destination, interface: name, metric }) => `${destination} ${name} ${metric}`}
          empty="No routes."
          columns={[
            { label: 'Destination', cell: ({ destination }) => <code>{destination}</code> },
            { label: 'Gateway', cell: ({ gateway }) => (gateway === '' ? 'direct' : <code>{gateway}</code>) },
            { label: 'Interface', cell: ({ interface: name }) => showName(name) },
            { label: 'Metric', right: true, cell: ({ metric }) => metric },
          ]}
        />
        <Omitted count={omitted} what="disks, cards or routes" />
      </Card>
    </>
  );
}
