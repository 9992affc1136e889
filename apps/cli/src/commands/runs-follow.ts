import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { followRun } from './run-follow.ts';

/** `inn runs follow ID`: its output so far and what comes; ends as the run does. ^C leaves it alone. */
export async function run(command: Command, id: string): Promise<void> {
  const { client, options } = contextOf(command);
  const { output, quiet } = options;
  process.exitCode = await followRun(client, id, {
    output,
    onInterrupt: 'leave',
    ...(quiet === undefined ? {} : { quiet }),
  });
}
