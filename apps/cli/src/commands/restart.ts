import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parseDuration } from '../parse-duration.ts';
import { followOperation } from './follow-operation.ts';
import { agentLine, waitForAgent } from './wait-for-agent.ts';

/** `inn restart VM…`: stops each as `inn stop` does, if it runs, and starts it; one after the other. */
export async function run(command: Command, names: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly timeout?: string }>(command);
  const quiet = options.quiet === true;
  const timeoutMs = options.timeout === undefined ? 0 : parseDuration(options.timeout, '--timeout');
  for (const name of names) {
    await followOperation(client, await client.vms.stopVm({ vm: name, timeoutMs }), quiet);
    await followOperation(client, await client.vms.startVm({ vm: name }), quiet);
    process.stdout.write(agentLine(await waitForAgent(client, name, quiet, timeoutMs === 0 ? undefined : timeoutMs)));
  }
}
