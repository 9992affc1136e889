import { create } from '@bufbuild/protobuf';
import { type Run, type RunEvent, RunEventSchema } from '@innkeeper/contract/control';
import type { ActiveRun } from './active-run.ts';
import { outputMessage } from './run-message.ts';

/**
 * Follows a run. Nothing is queued for a slow reader: it reads from where it was when it comes back, out of the store if
 * need be.
 */
export async function* watchRun(run: ActiveRun, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const offsets = new Map<string, number>();
  let told = '';
  let wake: () => void = () => undefined;
  let isNews = true;
  const end = run.changes.add(() => {
    isNews = true;
    wake();
  });
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (true) {
      isNews = false;
      const isOver = run.isOver;
      const message = run.message();
      if (told !== stateKey(message)) {
        told = stateKey(message);
        yield create(RunEventSchema, { event: { case: 'run', value: message } });
      }
      yield* newOutput(run, offsets);
      if (isOver) return;
      signal.throwIfAborted();
      if (!isNews) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    end();
    signal.removeEventListener('abort', onAbort);
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

/** Byte counts change with every piece of output and are not told each time. */
function stateKey({ state, targets }: Run): string {
  return [state, ...targets.map((target) => target.state)].join();
}
