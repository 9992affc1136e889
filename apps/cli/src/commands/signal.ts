import { signalNumber } from '@innkeeper/client';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parseCount } from '../parse-count.ts';

const maxPid = 4_194_304;

/** `inn signal VM PID…` */
export async function run(command: Command, vm: string, words: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly signal: string; readonly tree?: boolean }>(command);
  const name = signalNumber(options.signal);
  const pids = words.map((word) => parseCount(word, 'PID', 1, maxPid));
  for (const pid of pids) {
    const signaled = await client.processes.signal(vm, pid, { name, tree: options.tree === true });
    if (options.tree === true && options.quiet !== true)
      process.stderr.write(`${signaled === 1 ? '1 process' : `${signaled} processes`} got the signal.\n`);
  }
}
