import { ImageSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatBytes, formatTime } from '../output/figures.ts';
import { printJsonList } from '../output/json.ts';
import { formatTable } from '../output/table.ts';

/** `inn image ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const { images } = await client.images.listImages({});
  if (options.output === 'json') printJsonList(ImageSchema, images);
  else if (options.output === 'name') process.stdout.write(images.map((image) => `${image.name}\n`).join(''));
  else if (images.length === 0) process.stderr.write('No images. Make one: inn image build tiny\n');
  else
    process.stdout.write(
      formatTable(
        images,
        [
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
        { headers: options.headers, wide: options.output === 'wide' },
      ),
    );
}
