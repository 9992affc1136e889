import { defineCommand } from '../define-command.ts';
import { flag, text } from '../options.ts';
import { parseCount } from '../parse-values.ts';

/** The largest pid of Linux. */
const maxPid = 4_194_304;

/** `inn signal VM PID…` */
export const command = defineCommand({
  arguments: '<vm> <pid...>',
  options: [
    text('-s, --signal <name>', 'signal, such as TERM, KILL, HUP, or a number', 'TERM'),
    flag('--tree', 'include their descendants'),
  ],
  async run({ client, options: { signal, tree, quiet } }, vm, words) {
    const { signalNumber } = await import('@innkeeper/client');
    const name = signalNumber(signal);
    const pids = words.map((word) => parseCount(word, 'PID', 1, maxPid));
    for (const pid of pids) {
      const signaled = await client.processes.signal(vm, pid, { name, tree });
      if (tree && !quiet) process.stderr.write(`Sent to ${signaled === 1 ? '1 process' : `${signaled} processes`}.\n`);
    }
  },
});
