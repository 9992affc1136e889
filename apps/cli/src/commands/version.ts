import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { clean } from '../output/clean.ts';
import { printValue } from '../output/json.ts';
import { version } from '../version.ts';

/** `inn version`: ours, and the daemon's. Without a daemon ours is told all the same, and then that it does not answer. */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const asked = await client.node.getNode({}).then(
    (node) => ({ node }),
    (error: unknown) => ({ error }),
  );
  const daemon = 'node' in asked ? { version: asked.node.version, agentVersion: asked.node.agentVersion } : undefined;
  if (options.output === 'json' || options.output === 'yaml')
    printValue(options.output, { client: { version }, ...(daemon === undefined ? {} : { daemon }) });
  else {
    process.stdout.write(`inn     ${version}\n`);
    if (daemon !== undefined) {
      const agent = daemon.agentVersion === '' ? 'without an agent' : `with agent ${clean(daemon.agentVersion)}`;
      process.stdout.write(`daemon  ${clean(daemon.version)}, ${agent}\n`);
    }
  }
  if ('error' in asked) throw asked.error;
}
