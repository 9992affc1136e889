import { create } from '@bufbuild/protobuf';
import { type RunEvent, RunEventSchema } from '@innkeeper/contract/control';
import { Notifier } from '@innkeeper/kit';
import type { ActiveRun } from './active-run.ts';
import { outputMessage } from './run-message.ts';

/** Minimum interval between two `run` events, per target: the event of a run on a thousand VMs is large. */
const intervalMsPerTarget = 2;
const maxIntervalMs = 1000;

/**
 * Follows a run. Nothing is queued for a slow reader, which reads from its last offset, if necessary from the store. States
 * are reported at most once a second, more often with few targets; the end is reported immediately.
 */
export async function* watchRun(run: ActiveRun, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const offsets = new Map<string, number>();
  const intervalMs = Math.min(maxIntervalMs, run.targets.size * intervalMsPerTarget);
  let toldVersion = -1;
  let nextTellMs = 0;
  const news = new Notifier();
  let isNews = true;
  const onNews = (): void => {
    isNews = true;
    news.notify();
  };
  const end = run.changes.add(onNews);
  let timer: NodeJS.Timeout | undefined;
  try {
    while (true) {
      isNews = false;
      const { isOver, version } = run;
      const waitMs = nextTellMs - performance.now();
      clearTimeout(timer);
      if (toldVersion !== version) {
        if (isOver || waitMs <= 0) {
          toldVersion = version;
          nextTellMs = performance.now() + intervalMs;
          yield create(RunEventSchema, { event: { case: 'run', value: run.message() } });
        } else timer = setTimeout(onNews, waitMs);
      }
      yield* newOutput(run, offsets);
      if (isOver) return;
      signal.throwIfAborted();
      await news.until(() => isNews, signal);
    }
  } finally {
    clearTimeout(timer);
    end();
  }
}

async function* newOutput(run: ActiveRun, offsets: Map<string, number>): AsyncGenerator<RunEvent> {
  for (const [vmId, { output }] of run.targets) {
    for (let offset = offsets.get(vmId) ?? 0; offset < output.keptBytes; ) {
      const rows = await output.read(offset);
      if (rows.length === 0) break;
      for (const row of rows) {
        offset = row.start_offset + row.data.length;
        offsets.set(vmId, offset);
        yield create(RunEventSchema, { event: { case: 'output', value: outputMessage(row) } });
      }
    }
  }
}
