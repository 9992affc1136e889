import { AgentState, VmState } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { choice, text } from '../options.ts';
import { ProgressLine } from '../output/progress-line.ts';
import { parseDuration } from '../parse-values.ts';

/** `inn wait VM… --for STATE`: exits when all VMs have reached the state, or with code 7 after the timeout. */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [
    choice('--for <state>', 'running; agent: the agent answers; stopped', ['running', 'agent', 'stopped'], 'agent'),
    text('--timeout <duration>', 'limit for all of them, such as 30s', '3m'),
  ],
  async run({ client, options }, names) {
    const timeoutMs = parseDuration(options.timeout, '--timeout');
    const line = new ProgressLine(options.quiet);
    const controller = new AbortController();
    try {
      await Promise.all(
        names.map((name) =>
          client.vm(name).wait({
            for: options.for,
            timeoutMs,
            signal: controller.signal,
            onChange: ({ state, agent }) =>
              line.update(`${name}: ${labelOf(VmState, state)}, agent ${labelOf(AgentState, agent?.state ?? 0)}`),
          }),
        ),
      );
    } finally {
      // If one fails, stop waiting for the others.
      controller.abort();
      line.clear();
    }
  },
});

function labelOf(states: Readonly<Record<number, string>>, state: number): string {
  return (states[state] ?? 'unknown').toLowerCase();
}
