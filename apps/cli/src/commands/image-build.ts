import { defineCommand } from '../define-command.ts';
import { flag, text } from '../options.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image build KIND`; does nothing if the image exists. */
export const command = defineCommand({
  arguments: '<kind>',
  options: [
    text('--name <name>', 'name of the image (default: the kind)'),
    flag('--rebuild', 'build it even if it exists'),
  ],
  async run({ client, allPages, options: { name: named, rebuild, quiet } }, kind) {
    const name = named ?? kind;
    const images = await allPages(
      (page) => client.images.listImages(page),
      (answer) => answer.images,
    );
    const exists = images.some((image) => image.name === name);
    if (exists && !rebuild) {
      process.stdout.write(`${name} exists. Build it again with --rebuild.\n`);
      return;
    }
    await followOperation(client, await client.images.buildImage({ kind, name, rebuild }), quiet);
    process.stdout.write(`${name} is built.\n`);
  },
});
