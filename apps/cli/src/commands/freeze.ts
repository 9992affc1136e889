import type { FreezeOptions } from '@innkeeper/client';
import { FreezeReportSchema } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal } from '../ended-by-signal.ts';
import { dataOutput, flag, list, text } from '../options.ts';
import { formatDuration } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { printError } from '../output/print-error.ts';
import { parseDuration } from '../parse-values.ts';
import { commandCodes } from './command-exit-code.ts';
import { describeFreeze } from './describe-freeze.ts';
import { runHostCommand } from './host-command.ts';

/** Without a command nothing renews the lease, so it is longer. */
const defaultForMs = 60_000;

/** `inn freeze VM`, or `inn freeze VM -- HOST-COMMAND` */
export const command = defineCommand({
  arguments: '<vm> [command...]',
  options: [
    list('--mount <path>', 'freeze only the file system mounted there; can be repeated'),
    text('--for <duration>', 'time until the guest thaws by itself (default: 60s; with a command 10s, and renewed)'),
    flag('--no-hooks', "do not run the guest's hooks"),
    text('--hook-timeout <duration>', 'time for each hook (default: 10s)'),
    flag('--ignore-hook-failures', 'freeze even if a hook fails'),
    dataOutput,
  ],
  async run({ client, options }, vm, words) {
    const hasCommand = words.length > 0;
    const leaseMs = options.for === undefined ? undefined : parseDuration(options.for, '--for');
    const settings: FreezeOptions = {
      mountPoints: options.mount,
      leaseMs: leaseMs ?? (hasCommand ? undefined : defaultForMs),
      hooks: options.hooks,
      hookTimeoutMs:
        options.hookTimeout === undefined ? undefined : parseDuration(options.hookTimeout, '--hook-timeout'),
      ignoreHookFailures: options.ignoreHookFailures,
    };
    if (!hasCommand) {
      const report = await client.filesystems.freeze(vm, settings);
      if (options.output === 'table') process.stdout.write(describeFreeze(report));
      else printObject(options.output, FreezeReportSchema, report);
      const left = formatDuration((report.leaseLeftMs ?? 0) / 1000);
      if (!options.quiet)
        process.stderr.write(`The guest thaws by itself in ${left}. To thaw it now: inn thaw ${vm}\n`);
      return;
    }
    try {
      process.exitCode = await client.filesystems.whileFrozen(vm, settings, (report, signal) => {
        if (!options.quiet) process.stderr.write(describeFreeze(report));
        return runHostCommand(words, { INNKEEPER_VM: vm, INNKEEPER_FREEZE: report.id }, signal);
      });
    } catch (error) {
      if (error instanceof EndedBySignal || error instanceof CliError) throw error;
      printError(error, false);
      throw new CliError('', { exitCode: codeOf(error), silent: true });
    }
  },
});

function codeOf(error: unknown): number {
  return isOperationError(error) && error.reason === 'FREEZE_ENDED' ? commandCodes.timeout : commandCodes.failed;
}
