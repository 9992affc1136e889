import { ImageSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatBytes, formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';

/** `inn image ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const { images } = await client.images.listImages({});
  printRows(images, {
    schema: ImageSchema,
    columns: [
      { title: 'NAME', value: (image) => image.name },
      { title: 'FORMAT', value: (image) => image.format },
      { title: 'SIZE', align: 'right', value: (image) => formatBytes(image.virtualBytes) },
      { title: 'ON DISK', align: 'right', value: (image) => formatBytes(image.diskBytes) },
      { title: 'AGENT', value: (image) => image.agentVersion || image.agentReason },
      { title: 'INIT', value: (image) => image.initSystem },
      { title: 'VMS', align: 'right', value: (image) => `${image.vmCount}` },
      { title: 'ADDED', value: (image) => formatTime(image.addedUnixNs) },
      { title: 'SHA-256', wide: true, value: (image) => image.sha256 },
    ],
    nameOf: (image) => image.name,
    whenEmpty: 'No images. Make one: inn image build tiny',
    options,
  });
}
