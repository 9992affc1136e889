import { ClockSyncSchema } from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { dataOutput, text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printObject } from '../output/json.ts';

/** `inn sync-time VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [text('--to <time>', 'another time than the host’s, such as 2030-01-31T12:00:00Z'), dataOutput],
  async run({ client, options }, vm) {
    const toMs = options.to === undefined ? undefined : Date.parse(options.to);
    if (Number.isNaN(toMs))
      throw new CliError(`--to is "${options.to}"; it must be a time such as 2030-01-31T12:00:00Z.`, {
        exitCode: exitCodes.usage,
      });
    const to = toMs === undefined ? {} : { setUnixNs: BigInt(toMs) * 1_000_000n };
    const set = await client.vms.syncClock({ vm, ...to });
    if (options.output !== 'table') {
      printObject(options.output, ClockSyncSchema, set);
      return;
    }
    process.stdout.write(
      `Set by ${clean(set.source)}: it was ${offset(set.offsetNs)}, and is ${offset(set.residualNs)} now.\n`,
    );
    if (set.serviceError !== '')
      process.stderr.write(`${clean(set.service)} could not be asked: ${clean(set.serviceError)}\n`);
  },
});

/** "7200.003 s behind" */
function offset(ns: bigint): string {
  const seconds = Number(ns) / 1e9;
  return `${Math.abs(seconds).toFixed(3)} s ${seconds < 0 ? 'behind' : 'ahead'}`;
}
