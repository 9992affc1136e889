import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type ListRunsResponseSchema, type Run, RunSchema } from '@innkeeper/contract/control';
import { writeToken } from '../edge/page.ts';
import type { RunManager } from '../node/runs/run-manager.ts';
import { type RunViewer, visibleRun, withoutSecrets } from './run-access.ts';

/** Runs per query, with their scripts of up to 1 MiB each. The caller may be allowed to see only a few of them. */
const batch = 50;

export interface RunQuery {
  readonly vmId: string | undefined;
  readonly nodeId: string | undefined;
  readonly user: string;
  readonly text: string;
  readonly limit: number;
  /** Only those that began before this time. */
  readonly beforeMs: number | undefined;
}

/** Lists the visible parts of runs, newest first, without scripts and environment values. */
export async function listVisibleRuns(
  runs: RunManager,
  viewer: RunViewer,
  { vmId, nodeId, user, text, limit, beforeMs: from }: RunQuery,
): Promise<MessageInitShape<typeof ListRunsResponseSchema>> {
  const found: Run[] = [];
  let beforeMs = from;
  for (;;) {
    const page = await runs.list({
      vmId,
      nodeId,
      beforeMs,
      limit: batch,
      user: user === '' ? undefined : user,
      text: text === '' ? undefined : text,
    });
    for (const run of page.runs) {
      const visible = visibleRun(run, viewer);
      // Only what the caller may see can be searched.
      if (visible === undefined || !holds(visible, text)) continue;
      if (found.length === limit) {
        const startedMs = (found.at(-1)?.startedUnixNs ?? 0n) / 1_000_000n;
        return { runs: found, more: true, nextPageToken: writeToken(String(startedMs)) };
      }
      found.push(create(RunSchema, { ...visible, ...(visible.spec && { spec: withoutSecrets(visible.spec) }) }));
    }
    const last = page.runs.at(-1);
    if (!page.more || last === undefined) return { runs: found, more: false };
    beforeMs = Number(last.startedUnixNs / 1_000_000n);
  }
}

/** Whether a text occurs in the title, the command or the script, ignoring case. */
function holds({ spec }: Run, text: string): boolean {
  const wanted = text.toLowerCase();
  const places = [spec?.title ?? '', spec?.argv.join(' ') ?? '', spec?.script ?? ''];
  return places.some((place) => place.toLowerCase().includes(wanted));
}
