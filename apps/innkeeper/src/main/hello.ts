import { hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { assertAvailable } from '@innkeeper/hypervisor';
import { mib, withDeadline } from '@innkeeper/kit';
import type { OperationRow } from '@innkeeper/store';
import type { Node } from '../node/node.ts';
import { createVm } from '../node/vm/create-vm.ts';
import { startVm } from '../node/vm/vm-operations.ts';
import type { VmRunner } from '../node/vm/vm-runner.ts';
import { helloMessage, type NextSteps } from './hello-message.ts';
import type { ProgressLine } from './progress-line.ts';

const name = 'hello';
const agentTimeoutMs = 300_000;

/** Brings up the VM `hello`, whatever of it exists already, and returns what its guest reports as text, followed by `next`. */
export async function hello(
  node: Node,
  progress: ProgressLine,
  signal: AbortSignal,
  next: () => NextSteps,
): Promise<string> {
  const startedMs = performance.now();
  // Before an image is built that nothing could run.
  assertAvailable(await node.probe());
  const runner = node.find(name) ?? (await create(node, progress, signal));
  const isStarting = runner.operationId !== '';
  if (!isStarting && (runner.life.state === 'stopped' || runner.life.state === 'crashed')) {
    await finish(node, await startVm(node, name), progress, signal);
  }
  progress.show('waiting for the agent of "hello"');
  await waitForAgent(runner, signal);
  progress.clear();
  return helloMessage(runner, await node.probe(), performance.now() - startedMs, next());
}

async function create(node: Node, progress: ProgressLine, signal: AbortSignal): Promise<VmRunner> {
  if ((await node.context.store.images.find('tiny')) === undefined) {
    await finish(node, await node.images.build('tiny', 'tiny', false), progress, signal);
  }
  const wanted = { name, image: 'tiny', cpus: 1, memoryBytes: BigInt(256 * mib), diskBytes: 0n, tags: {}, start: true };
  await finish(node, await createVm(node, wanted), progress, signal);
  return node.get(name);
}

/** Shows an operation until it has ended; throws its error. */
async function finish(node: Node, begun: OperationRow, progress: ProgressLine, signal: AbortSignal): Promise<void> {
  let last = begun;
  for await (const row of node.operations.watch(begun.id, signal)) {
    last = row;
    progress.show(`${row.target}: ${row.stage === '' ? row.kind : row.stage}`, row.progress);
  }
  if (last.state === 'succeeded') return;
  const error = JSON.parse(last.error ?? '{}') as { message?: string; nextStep?: string };
  throw new Error(
    `${last.kind} of "${last.target}" ${last.state}: ${error.message ?? ''} ${error.nextStep ?? ''}`.trim(),
  );
}

async function waitForAgent(runner: VmRunner, signal: AbortSignal): Promise<void> {
  const { agent } = runner;
  const settled = (): boolean => {
    if ((runner.running === undefined && runner.operationId === '') || agent.state.state === 'absent') return true;
    return (
      agent.state.state === 'connected' && agent.system !== undefined && agent.telemetry?.cpu?.busyPercent !== undefined
    );
  };
  const late = (): OperationError =>
    new OperationError('AGENT_UNREACHABLE', 'The agent of "hello" did not answer within 5 minutes.', {
      nextStep: 'Run "inn doctor hello".',
    });
  await withDeadline({ timers: hostClock, timeoutMs: agentTimeoutMs, signal, late }, (either) =>
    runner.until(settled, either),
  );
  agent.requireLink(name);
}
