import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { parseDuration } from '../parse-values.ts';
import { followOperation } from './follow-operation.ts';
import { guestsWereKilled, stopVm } from './stop-vm.ts';
import { agentLine, waitForAgent } from './wait-for-agent.ts';

/**
 * `inn restart VM…`: stops each VM like `inn stop` if it is running, then starts it; one after the other. Exit code 7 if a
 * guest did not stop in time and was killed; it is started all the same.
 */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [text('--timeout <duration>', 'limit for each step, such as 30s')],
  async run({ client, options: { quiet, timeout } }, names) {
    const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout, '--timeout');
    let killed = 0;
    for (const name of names) {
      if (await stopVm(client, name, { timeoutMs, quiet })) {
        killed += 1;
        process.stdout.write(`${name} was killed, since it did not stop in time.\n`);
      }
      await followOperation(client, await client.vms.startVm({ vm: name }), quiet);
      process.stdout.write(agentLine(await waitForAgent(client, name, quiet, timeoutMs || undefined)));
    }
    if (killed > 0) throw guestsWereKilled();
  },
});
