import { basename, resolve } from 'node:path';
import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image add FILE` and `inn image add URL` */
export const command = defineCommand({
  arguments: '<file>',
  options: [
    text('--name <name>', "name of the image (default: the file's name)"),
    text('--sha256 <hex>', 'refuse the file unless it has this checksum'),
  ],
  async run({ client, allPages, options }, file) {
    const name = options.name ?? imageNameOf(file);
    await followOperation(
      client,
      await client.images.addImage({ name, ...sourceOf(file), sha256: options.sha256 ?? '' }),
      options.quiet,
    );
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

/** A URL is downloaded by the node; everything else is a file on its host. */
function sourceOf(file: string): { readonly url: string } | { readonly path: string } {
  return /^https?:\/\//i.test(file) ? { url: file } : { path: resolve(file) };
}

/** A file's name as the name of an image: without the extension, in lower case, "-" for other characters. */
function imageNameOf(file: string): string {
  return basename(/^https?:\/\//i.test(file) ? new URL(file).pathname : file)
    .replace(/\.(raw|img|qcow2)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
}
