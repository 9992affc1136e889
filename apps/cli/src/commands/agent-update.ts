import type { InnkeeperClient } from '@innkeeper/client';
import { OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { flag, outputOptions, text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printList } from '../output/print-list.ts';
import type { Column } from '../output/table.ts';
import { parseCount } from '../parse-values.ts';
import { followOperation } from './follow-operation.ts';

const maxBatch = 64;
const maxVms = 1_000_000;

interface Outcome {
  readonly vm: string;
  readonly result: 'updated' | 'current' | 'failed' | 'skipped';
  readonly detail: string;
}

const columns: readonly Column<Outcome>[] = [
  { title: 'VM', value: ({ vm }) => vm },
  { title: 'RESULT', value: ({ result }) => result },
  { title: 'DETAIL', value: ({ detail }) => clean(detail) },
];

/** `inn agent update VM…` or `--all`: one after the other, or in batches, until too many have failed. */
export const command = defineCommand({
  arguments: '[vm...]',
  options: [
    flag('--all', 'the agents that are older than the daemon’s'),
    text('--batch <number>', 'agents that are updated at the same time', '1'),
    text('--max-failures <number>', 'go on until more than this many have failed', '0'),
    flag('--allow-older', 'replace newer agents, too'),
    flag('--cut', 'cut tunnels and other calls that cannot be handed over, after 10 s'),
    flag('--again', 'replace agents of the same version, too'),
    ...outputOptions,
  ],
  async run({ client, allPages, options }, names) {
    if (options.all === names.length > 0) throw new CliError('Name VMs, or give --all.', { exitCode: exitCodes.usage });
    const batch = parseCount(options.batch, '--batch', 1, maxBatch);
    const maxFailures = parseCount(options.maxFailures, '--max-failures', 0, maxVms);
    const outdated = (): Promise<{ name: string }[]> =>
      allPages(
        (page) => client.vms.listVms({ ...page, filter: 'agent:outdated' }),
        (answer) => answer.vms,
      );
    const vms = options.all ? (await outdated()).map(({ name }) => name) : names;
    const { allowOlder, cut: cutCalls, again } = options;
    const outcomes: Outcome[] = [];
    let failure: unknown;
    for (let at = 0; at < vms.length; at += batch) {
      const failed = outcomes.filter(({ result }) => result === 'failed').length;
      if (failed > maxFailures) {
        const detail = `not begun, since ${failed} failed`;
        outcomes.push(...vms.slice(at).map((vm): Outcome => ({ vm, result: 'skipped', detail })));
        break;
      }
      const some = vms.slice(at, at + batch).map(async (vm): Promise<Outcome> => {
        try {
          return await update(client, { vm, allowOlder, cutCalls, again }, options.quiet || batch > 1);
        } catch (error) {
          failure ??= error;
          return { vm, result: 'failed', detail: failureText(error) };
        }
      });
      outcomes.push(...(await Promise.all(some)));
    }
    printList(outcomes, {
      columns,
      nameOf: ({ vm }) => vm,
      objectOf: ({ vm, result, detail }) => ({ vm, result, detail }),
      whenEmpty: 'No agent is outdated.',
      options,
    });
    if (failure !== undefined) throw new CliError('', { exitCode: exitCodeOf(failure), silent: true });
  },
});

async function update(
  client: InnkeeperClient,
  request: { vm: string; allowOlder: boolean; cutCalls: boolean; again: boolean },
  quiet: boolean,
): Promise<Outcome> {
  const { vm } = request;
  const ended = await followOperation(client, await client.vms.updateAgent(request), quiet);
  const note = ended.log.find((line) => line.startsWith('note: '));
  return note === undefined
    ? { vm, result: 'updated', detail: ended.stage }
    : { vm, result: 'current', detail: note.slice('note: '.length) };
}

function failureText(error: unknown): string {
  if (!(error instanceof OperationError)) return errorMessage(error);
  return `${error.reason}: ${error.message} ${error.nextStep}`.trim();
}
