import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { parseDuration } from '../parse-values.ts';
import { followOperation } from './follow-operation.ts';
import { agentLine, waitForAgent } from './wait-for-agent.ts';

/** `inn start`, `inn stop` and `inn kill`, for one or more VMs, one after the other. */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [text('--timeout <duration>', 'limit for each step, such as 30s')],
  async run({ client, command, options: { quiet, timeout } }, names) {
    const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout, '--timeout');
    for (const name of names) {
      if (command.name() === 'start') {
        await followOperation(client, await client.vms.startVm({ vm: name }), quiet);
        process.stdout.write(agentLine(await waitForAgent(client, name, quiet, timeoutMs || undefined)));
      } else if (command.name() === 'stop') {
        await followOperation(client, await client.vms.stopVm({ vm: name, timeoutMs: timeoutMs ?? 0 }), quiet);
        process.stdout.write(`${name} is stopped.\n`);
      } else {
        await followOperation(client, await client.vms.killVm({ vm: name }), quiet);
        process.stdout.write(`${name} is killed.\n`);
      }
    }
  },
});
