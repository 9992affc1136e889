import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { parseDuration } from '../parse-values.ts';

/** `inn reboot VM…`: from inside, by the guest's init system. `inn restart` stops and starts the VM. */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [
    text('--delay <duration>', 'time until it begins, such as 5m', '0s'),
    text('--message <text>', 'message to users who are logged in to the guest', ''),
  ],
  async run({ client, options: { delay, message } }, names) {
    const delaySeconds = Math.round(parseDuration(delay, '--delay') / 1000);
    for (const vm of names) {
      await client.power.shutdown(vm, { mode: 'reboot', delaySeconds, message });
      process.stdout.write(`${vm} reboots${delaySeconds === 0 ? '' : ` in ${delaySeconds} s`}.\n`);
    }
  },
});
