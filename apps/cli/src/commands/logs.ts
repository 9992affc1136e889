import type { LogBatch, LogEntry } from '@innkeeper/contract/agent';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { choice, flag, text } from '../options.ts';
import { clean, cleanJson } from '../output/clean.ts';
import { formatTime } from '../output/format.ts';
import { parseCount, parseSince } from '../parse-values.ts';
import { writeAll } from '../write-all.ts';

/** The most that the agent returns. */
const maxLines = 10_000;

/** `inn logs VM`: the journal, a file, the kernel's log or the agent's own. */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    choice('-o, --output <format>', 'output format; json: one object per line', ['table', 'json'], 'table'),
    text('--unit <unit>', 'only entries of this service'),
    text('--file <path>', 'a text file of the guest instead of the journal'),
    flag('--dmesg', 'the log of the kernel instead of the journal'),
    flag('--agent', 'the log of the agent itself instead of the journal'),
    flag('-f, --follow', 'continue with new entries'),
    text('-n, --lines <count>', 'number of earlier entries, at most 10000', '200'),
    text('--since <time>', 'only entries since then, such as 10m, 2h, 7d or 2026-11-21T08:00'),
    text('--grep <text>', 'only entries that contain this text, in upper or lower case'),
    text('-p, --priority <name>', 'only entries at least this important: error, warning, … or 0 to 7'),
  ],
  async run({ client, options }, vm) {
    const { LogEntrySchema } = await import('@innkeeper/contract/agent');
    const { toJson } = await import('@bufbuild/protobuf');
    const { logPriority } = await import('@innkeeper/client');
    const { file, unit, dmesg, agent, follow, grep, since, priority, quiet } = options;
    if ([file !== undefined, dmesg, agent, unit !== undefined].filter(Boolean).length > 1)
      throw new CliError('Choose one of --unit, --file, --dmesg and --agent.');
    if (file !== undefined && (since !== undefined || priority !== undefined))
      throw new CliError('A file has no times and priorities: use --grep and -n.');
    const maxPriority = priority === undefined ? undefined : logPriority(priority);
    if (priority !== undefined && maxPriority === undefined)
      throw new CliError(
        `-p: "${clean(priority)}" is not a priority; write error, warning, notice, info, debug or 0 to 7`,
      );
    const batches = client.logs.read(vm, {
      source: dmesg ? 'kernel' : agent ? 'agent' : 'journal',
      file,
      unit,
      maxPriority,
      text: grep,
      sinceUnixNs: since === undefined ? undefined : parseSince(since, '--since', Date.now()),
      lines: parseCount(options.lines, '--lines', 0, maxLines),
      follow,
      onInterruption: (what) => {
        if (!quiet) process.stderr.write(what === 'lost' ? 'The guest is lost; waiting.\n' : 'The guest is back.\n');
      },
    });
    for await (const batch of batches) {
      if (!quiet) process.stderr.write(notesOf(batch));
      const lines = batch.entries.map((entry) =>
        options.output === 'json' ? cleanJson(JSON.stringify(toJson(LogEntrySchema, entry))) : lineOf(entry),
      );
      await writeAll(process.stdout, Buffer.from(lines.map((line) => `${line}\n`).join('')));
    }
  },
});

/** "11-30 21:00:00 nginx[7]: message"; only what is known. */
function lineOf({ timeUnixNs, source, pid, message }: LogEntry): string {
  const time = timeUnixNs === undefined ? '' : `${formatTime(timeUnixNs)} `;
  const from = source === '' ? '' : `${clean(source)}${pid === undefined ? '' : `[${pid}]`}: `;
  return `${time}${from}${clean(message)}`;
}

function notesOf({ lost, rotated }: LogBatch): string {
  const gap = lost === 0n ? '' : `${lost} entries were lost: the log no longer has them.\n`;
  return `${gap}${rotated ? 'The file was replaced or truncated.\n' : ''}`;
}
