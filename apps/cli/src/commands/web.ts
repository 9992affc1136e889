import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { text } from '../options.ts';

/** `inn web`: a link that logs a user in to the web console once, within ten minutes. */
export const command = defineCommand({
  options: [text('--user <name>', 'user that the link logs in', 'admin')],
  async run({ client, options: { user } }) {
    const [{ webUrl }, { path }] = await Promise.all([
      client.node.getNode({}),
      client.access.createLoginLink({ user }),
    ]);
    if (webUrl === '')
      throw new CliError('The daemon does not listen on a port: it was started with --listen none.', {
        exitCode: exitCodes.general,
      });
    process.stdout.write(`${webUrl}${path}\n`);
  },
});
