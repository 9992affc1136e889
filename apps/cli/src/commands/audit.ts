import type { InnkeeperClient } from '@innkeeper/client';
import { AuditEntrySchema } from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { flag, outputOptions, text } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';
import { parseCount, parseSince } from '../parse-values.ts';

/** `inn audit`: who did what to which VM, with the result; newest last. */
export const command = defineCommand({
  options: [
    ...outputOptions,
    text('-n, --lines <count>', 'number of entries, at most 1000', '50'),
    text('--user <name>', 'only actions of this user'),
    text('--vm <vm>', 'only actions on this VM'),
    text('--action <prefix>', 'only actions that begin with this, such as guest or VmService/StopVm'),
    text('--result <result>', '"ok", "failed" or a reason'),
    text('--text <words>', 'only entries with this text in their parameters'),
    text('--since <time>', 'only entries since then, such as 10m, 2h, 7d or 2026-11-21T08:00'),
    flag('--verify', 'check the chain of hashes instead'),
  ],
  async run({ client, options }) {
    if (options.verify) return await verify(client);
    const { user = '', vm = '', action = '', result = '', text = '', since } = options;
    const { entries, more } = await client.audit.listAudit({
      user,
      vm,
      action,
      result,
      text,
      limit: parseCount(options.lines, '--lines', 1, 1000),
      sinceUnixNs: since === undefined ? 0n : parseSince(since, '--since', Date.now()),
    });
    printRows([...entries].reverse(), {
      schema: AuditEntrySchema,
      columns: [
        { title: 'TIME', value: (entry) => formatTime(entry.timeUnixNs) },
        { title: 'USER', value: (entry) => entry.user },
        { title: 'VIA', value: (entry) => entry.via, wide: true },
        { title: 'ADDRESS', value: (entry) => entry.address, wide: true },
        { title: 'ACTION', value: ({ action, count }) => (count > 1 ? `${action} ×${count}` : action) },
        { title: 'VM', value: (entry) => entry.vmName || entry.vmId.slice(0, 8) || '–' },
        { title: 'RESULT', value: (entry) => entry.result },
        { title: 'PARAMETERS', value: (entry) => entry.parameters },
      ],
      nameOf: (entry) => `${entry.id}`,
      whenEmpty: 'No entry matches.',
      options,
    });
    if (more && !options.quiet && options.output === 'table')
      process.stderr.write('There are older entries: use --lines or --since.\n');
  },
});

async function verify({ audit }: InnkeeperClient): Promise<void> {
  const { entries, brokenAtId } = await audit.verifyAudit({});
  if (brokenAtId !== undefined)
    throw new CliError(`The chain of ${entries} entries is broken at ${brokenAtId}.`, { exitCode: exitCodes.general });
  process.stdout.write(`The chain of hashes is intact: ${entries} entries.\n`);
}
