import type { GuestProcess } from '@innkeeper/contract/agent';
import { quoteWord } from '@innkeeper/kit';
import type { ProcessOrder } from './process-view.ts';
import type { Signal } from './signals.ts';

/** The `inn` command that lists the processes. */
export function listProcessesCommand(vm: string, { key }: ProcessOrder, kernelThreads: boolean): string {
  const options = `${key === 'cpu' ? '' : ` --sort ${key}`}${kernelThreads ? ' --kernel-threads' : ''}`;
  return `inn ps ${quoteWord(vm)}${options}`;
}

/** The `inn` command that sends the signal. */
export function signalCommand(vm: string, { pid }: Pick<GuestProcess, 'pid'>, { name }: Signal, tree: boolean): string {
  return `inn signal ${quoteWord(vm)} ${pid}${name === 'TERM' ? '' : ` --signal ${name}`}${tree ? ' --tree' : ''}`;
}
