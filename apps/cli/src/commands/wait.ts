import type { VmGoal } from '@innkeeper/client';
import { AgentState, VmState } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { ProgressLine } from '../output/progress-line.ts';
import { parseDuration } from '../parse-duration.ts';

/** `inn wait VM… --for GOAL`: resolves when all of them are so. Exit code 7 when it takes too long. */
export async function run(command: Command, names: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly for: VmGoal; readonly timeout: string }>(command);
  const timeoutMs = parseDuration(options.timeout, '--timeout');
  const line = new ProgressLine(options.quiet === true);
  const controller = new AbortController();
  try {
    await Promise.all(
      names.map((name) =>
        client.vm(name).wait({
          for: options.for,
          timeoutMs,
          signal: controller.signal,
          onChange: ({ state, agent }) =>
            line.update(`${name}: ${wordOf(VmState, state)}, agent ${wordOf(AgentState, agent?.state ?? 0)}`),
        }),
      ),
    );
  } finally {
    // The first that fails ends the others.
    controller.abort();
    line.clear();
  }
}

function wordOf(states: Readonly<Record<number, string>>, state: number): string {
  return (states[state] ?? 'unknown').toLowerCase();
}
