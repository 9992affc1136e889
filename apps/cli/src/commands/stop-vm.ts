import type { InnkeeperClient } from '@innkeeper/client';
import { killedNote } from '@innkeeper/contract';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { followOperation } from './follow-operation.ts';

/**
 * Stops a VM and follows that; resolves to whether its guest did not stop in time and was killed. The operation's note,
 * which names `--timeout`, is then on standard error, whatever `quiet` says.
 */
export async function stopVm(
  client: InnkeeperClient,
  vm: string,
  { timeoutMs, quiet }: { readonly timeoutMs: number | undefined; readonly quiet: boolean },
): Promise<boolean> {
  const stop = await client.vms.stopVm({ vm, timeoutMs: timeoutMs ?? 0 });
  const { log } = await followOperation(client, stop, quiet);
  return log.some((line) => line.startsWith(killedNote));
}

/** Exit code 7, without a message of its own: the output has said which guests were killed. */
export function guestsWereKilled(): CliError {
  return new CliError('', { exitCode: exitCodes.timeout, silent: true });
}
