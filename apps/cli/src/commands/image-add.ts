import { basename, resolve } from 'node:path';
import { allPages } from '@innkeeper/client';
import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image add FILE` */
export const command = defineCommand({
  arguments: '<file>',
  options: [text('--name <name>', "name of the image (default: the file's name)")],
  async run({ client, options }, file) {
    const name = options.name ?? imageNameOf(file);
    await followOperation(client, await client.images.addImage({ name, path: resolve(file) }), options.quiet);
    const images = await allPages(
      (page) => client.images.listImages(page),
      (answer) => answer.images,
    );
    const image = images.find((each) => each.name === name);
    process.stdout.write(`${name} is added.\n`);
    if (image !== undefined && image.agentReason !== '')
      process.stdout.write(
        `The agent could not be installed in it: ${clean(image.agentDetail)}\n  ${clean(image.agentNextStep)}\n`,
      );
  },
});

/** A file's name as the name of an image: without the extension, in lower case, "-" for other characters. */
function imageNameOf(file: string): string {
  return basename(file)
    .replace(/\.(raw|img|qcow2)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
}
