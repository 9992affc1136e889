import { type FreezeReport, type HookResult, FilesystemVerdict as Verdict } from '@innkeeper/contract/agent';
import { clean } from '../output/clean.ts';
import { formatTable } from '../output/table.ts';

const words: Readonly<Record<number, string>> = {
  [Verdict.FROZEN]: 'frozen',
  [Verdict.COVERED]: 'part of',
  [Verdict.READ_ONLY]: 'read-only',
  [Verdict.NOT_ON_DISK]: 'not on a disk',
  [Verdict.UNSUPPORTED]: 'cannot be frozen',
  [Verdict.FROZEN_BY_OTHERS]: 'frozen before, by others in the guest',
  [Verdict.FAILED]: 'failed',
};

/** The file systems with what became of them, and the hooks that ran. What is not on a disk is left out. */
export function describeFreeze(report: FreezeReport): string {
  const shown = report.filesystems.filter(({ verdict }) => verdict !== Verdict.NOT_ON_DISK);
  const table =
    shown.length === 0
      ? ''
      : formatTable(
          shown,
          [
            { title: 'MOUNT', value: ({ mountPoint }) => mountPoint },
            { title: 'TYPE', value: ({ filesystem }) => filesystem },
            {
              title: 'RESULT',
              value: ({ verdict, coveredBy, error }) =>
                [words[verdict] ?? '', verdict === Verdict.COVERED ? coveredBy : error]
                  .filter((part) => part !== '')
                  .join(' '),
            },
          ],
          { headers: true },
        );
  const omitted = report.filesystemsOmitted === 0 ? '' : `${report.filesystemsOmitted} more file systems\n`;
  const detail = report.detail === '' ? '' : `${clean(report.detail)}\n`;
  return table + omitted + detail + describeHooks(report.hooks);
}

/** One line for each hook, with the last line of its output. */
export function describeHooks(hooks: readonly HookResult[]): string {
  return hooks
    .map(({ path, exitCode, timedOut, error, output, durationMs }) => {
      const end = timedOut
        ? `killed after ${durationMs} ms`
        : error !== ''
          ? error
          : exitCode === undefined
            ? 'killed by a signal'
            : `exit code ${exitCode}`;
      const said = output.trim().split('\n').at(-1) ?? '';
      return `hook ${clean(path)}: ${clean(end)}${said === '' ? '' : `: ${clean(said)}`}\n`;
    })
    .join('');
}
