import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { followOperation } from './follow-operation.ts';

/** `inn image build KIND`; does nothing when the image exists. */
export async function run(command: Command, kind: string): Promise<void> {
  const { client, options } = contextOf<{ readonly name?: string; readonly rebuild?: boolean }>(command);
  const name = options.name ?? kind;
  const known = (await client.images.listImages({})).images.some((image) => image.name === name);
  if (known && options.rebuild !== true) {
    process.stdout.write(`${name} exists. Build it anew with --rebuild.\n`);
    return;
  }
  await followOperation(
    client,
    await client.images.buildImage({ kind, name, rebuild: options.rebuild === true }),
    options.quiet === true,
  );
  process.stdout.write(`${name} is built.\n`);
}
