import { ImageSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { formatBytes, formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';

/** `inn image ls` */
export const command = defineCommand({
  options: outputOptions,
  async run({ client, allPages, options }) {
    const images = await allPages(
      (page) => client.images.listImages(page),
      (answer) => answer.images,
    );
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
      whenEmpty: 'No images. Build one: inn image build tiny',
      options,
    });
  },
});
