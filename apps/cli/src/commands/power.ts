import { killedNote } from '@innkeeper/contract';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { text } from '../options.ts';
import { parseDuration } from '../parse-values.ts';
import { followOperation } from './follow-operation.ts';
import { agentLine, waitForAgent } from './wait-for-agent.ts';

/**
 * `inn start`, `inn stop` and `inn kill`, for one or more VMs, one after the other. Exit code 7 if a guest did not stop
 * in time and was killed.
 */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [text('--timeout <duration>', 'limit for each step, such as 30s')],
  async run({ client, command, options: { quiet, timeout } }, names) {
    const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout, '--timeout');
    let killed = 0;
    for (const name of names) {
      if (command.name() === 'start') {
        await followOperation(client, await client.vms.startVm({ vm: name }), quiet);
        process.stdout.write(agentLine(await waitForAgent(client, name, quiet, timeoutMs || undefined)));
      } else if (command.name() === 'stop') {
        const stop = await client.vms.stopVm({ vm: name, timeoutMs: timeoutMs ?? 0 });
        const { log } = await followOperation(client, stop, quiet);
        const wasKilled = log.some((line) => line.startsWith(killedNote));
        process.stdout.write(`${name} is ${wasKilled ? 'killed' : 'stopped'}.\n`);
        if (wasKilled) killed += 1;
      } else {
        await followOperation(client, await client.vms.killVm({ vm: name }), quiet);
        process.stdout.write(`${name} is killed.\n`);
      }
    }
    if (killed > 0) throw new CliError('', { exitCode: exitCodes.timeout, silent: true });
  },
});
