import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';

/** `inn web`: a link that logs a user in to the web console once, within ten minutes. */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf<{ readonly user?: string }>(command);
  const [{ webUrl }, { path }] = await Promise.all([
    client.node.getNode({}),
    client.access.createLoginLink({ user: options.user ?? 'admin' }),
  ]);
  if (webUrl === '')
    throw new CliError('The daemon listens on no port: it was started with --listen none.', { exitCode: 1 });
  process.stdout.write(`${webUrl}${path}\n`);
}
