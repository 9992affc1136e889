import { defineCommand } from '../define-command.ts';
import { dataOutput } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printValue } from '../output/json.ts';
import { version } from '../version.ts';

/** `inn version`: the versions of inn and of the daemon. If no daemon answers, that of inn, then the error. */
export const command = defineCommand({
  options: [dataOutput],
  async run({ client, options: { output } }) {
    const asked = await client.node.getNode({}).then(
      (node) => ({ node }),
      (error: unknown) => ({ error }),
    );
    const daemon = 'node' in asked ? { version: asked.node.version, agentVersion: asked.node.agentVersion } : undefined;
    if (output !== 'table')
      printValue(output, daemon === undefined ? { client: { version } } : { client: { version }, daemon });
    else {
      process.stdout.write(`inn     ${version}\n`);
      if (daemon !== undefined) {
        const agent = daemon.agentVersion === '' ? 'without an agent' : `with agent ${clean(daemon.agentVersion)}`;
        process.stdout.write(`daemon  ${clean(daemon.version)}, ${agent}\n`);
      }
    }
    if ('error' in asked) throw asked.error;
  },
});
