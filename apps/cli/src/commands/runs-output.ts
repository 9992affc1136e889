import { defineCommand } from '../define-command.ts';
import { choice, text } from '../options.ts';
import { LogText } from '../output/log-text.ts';
import { writeAll } from '../write-all.ts';

/** `inn runs output ID`: the stored output of one VM; without control characters on a terminal, else unchanged. */
export const command = defineCommand({
  arguments: '<id>',
  options: [
    text('--on <vm>', 'the VM, if the run has several'),
    choice('--stream <name>', 'stream to print', ['stdout', 'stderr', 'both'], 'both'),
  ],
  async run({ client, options: { on, stream } }, id) {
    const log = process.stdout.isTTY === true ? new LogText() : undefined;
    for await (const chunk of client.runs.output(id, { vm: on, stream }))
      await writeAll(process.stdout, log === undefined ? chunk : Buffer.from(log.push(chunk)));
    if (log !== undefined) await writeAll(process.stdout, Buffer.from(log.end()));
  },
});
