import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { clean } from '../output/clean.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image add FILE` */
export async function run(command: Command, file: string): Promise<void> {
  const { client, options } = contextOf<{ readonly name?: string }>(command);
  const name = options.name ?? nameFor(file);
  await followOperation(client, await client.images.addImage({ name, path: resolve(file) }), options.quiet === true);
  const image = (await client.images.listImages({})).images.find((each) => each.name === name);
  process.stdout.write(`${name} is added.\n`);
  if (image !== undefined && image.agentReason !== '')
    process.stdout.write(
      `The agent could not be put in: ${clean(image.agentDetail)}\n  ${clean(image.agentNextStep)}\n`,
    );
}

/** A file's name as an image's: lower case, "-" for the rest, without the ending. */
function nameFor(file: string): string {
  return basename(file)
    .replace(/\.(raw|img|qcow2)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
}
