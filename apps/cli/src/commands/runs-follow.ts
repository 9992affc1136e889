import { defineCommand } from '../define-command.ts';
import { dataOutput } from '../options.ts';
import { followRun } from './run-follow.ts';

/** `inn runs follow ID`: its output so far, then new output; exits like the run. ^C detaches. */
export const command = defineCommand({
  arguments: '<id>',
  options: [dataOutput],
  async run({ client, options: { output, quiet } }, id) {
    process.exitCode = await followRun(client, id, { output, quiet, onInterrupt: 'detach' });
  },
});
