import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { parseDuration } from '../parse-values.ts';
import { followOperation } from './follow-operation.ts';
import { guestsWereKilled, stopVm } from './stop-vm.ts';
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
        const wasKilled = await stopVm(client, name, { timeoutMs, quiet });
        process.stdout.write(`${name} is ${wasKilled ? 'killed' : 'stopped'}.\n`);
        if (wasKilled) killed += 1;
      } else {
        await followOperation(client, await client.vms.killVm({ vm: name }), quiet);
        process.stdout.write(`${name} is killed.\n`);
      }
    }
    if (killed > 0) throw guestsWereKilled();
  },
});
