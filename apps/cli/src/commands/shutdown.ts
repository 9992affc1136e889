import { defineCommand } from '../define-command.ts';
import { flag, text } from '../options.ts';
import { parseDuration } from '../parse-values.ts';

/**
 * `inn shutdown VM…` and `inn reboot VM…`: from inside, by the guest's init system. `inn stop` waits for the end and kills a
 * guest that does not; `inn restart` stops and starts the VM.
 */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [
    text('--in <duration>', 'time until it begins, such as 5m (default: now)'),
    text('--delay <duration>', 'the same as --in'),
    text('--message <text>', 'message to users who are logged in to the guest', ''),
    flag('--halt', 'halt: the VM stays on and does nothing'),
    flag('--cancel', 'call off a shutdown that was to begin later'),
  ],
  async run({ client, command, options }, names) {
    const { message, halt, cancel } = options;
    const delaySeconds = Math.round(parseDuration(options.in ?? options.delay ?? '0s', '--in') / 1000);
    const isReboot = command.name() === 'reboot';
    const mode = isReboot ? 'reboot' : halt ? 'halt' : 'poweroff';
    const does = isReboot ? 'reboots' : halt ? 'halts' : 'shuts down';
    for (const vm of names) {
      if (cancel) {
        const isCanceled = await client.power.cancelShutdown(vm);
        process.stdout.write(isCanceled ? `${vm} stays up.\n` : `${vm} was not about to shut down.\n`);
        continue;
      }
      await client.power.shutdown(vm, { mode, delaySeconds, message });
      process.stdout.write(`${vm} ${does}${delaySeconds === 0 ? '' : ` in ${delaySeconds} s`}.\n`);
    }
  },
});
