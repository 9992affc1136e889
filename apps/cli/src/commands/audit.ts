import { AuditEntrySchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';
import { parseCount } from '../parse-count.ts';
import { parseSince } from '../parse-since.ts';

interface AuditOptions {
  readonly user?: string;
  readonly vm?: string;
  readonly action?: string;
  readonly result?: string;
  readonly text?: string;
  readonly since?: string;
  readonly lines: string;
  readonly verify?: boolean;
}

/** `inn audit`: who did what to which VM, and how it ended; newest last. */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf<AuditOptions>(command);
  if (options.verify === true) return await verify(client.audit);
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
      { title: 'ACTION', value: (entry) => entry.action },
      { title: 'VM', value: (entry) => entry.vmName || entry.vmId.slice(0, 8) || '–' },
      { title: 'RESULT', value: (entry) => entry.result },
      { title: 'PARAMETERS', value: (entry) => entry.parameters },
    ],
    nameOf: (entry) => `${entry.id}`,
    whenEmpty: 'Nothing fits.',
    options,
  });
  if (more && options.quiet !== true && options.output === 'table')
    process.stderr.write('There are older ones: give --lines or --since.\n');
}

type AuditClient = ReturnType<typeof contextOf>['client']['audit'];

async function verify(audit: AuditClient): Promise<void> {
  const { entries, brokenAtId } = await audit.verifyAudit({});
  if (brokenAtId !== undefined)
    throw new CliError(`the chain of ${entries} entries is broken at ${brokenAtId}`, { exitCode: exitCodes.general });
  process.stdout.write(`${entries} entries, each with the hash of the one before.\n`);
}
