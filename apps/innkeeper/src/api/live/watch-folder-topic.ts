import { setTimeout as delay } from 'node:timers/promises';
import type { AgentLink } from '@innkeeper/agent-client';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { WatchFolderRequest } from '@innkeeper/contract/control';
import { linkSignals, Notifier } from '@innkeeper/kit';
import { findVm } from '../../edge/method-target.ts';
import { explainEnd } from '../../ports/explain-end.ts';
import type { VmApi } from '../../ports/node-api.ts';
import type { ApiContext } from '../api-context.ts';

/** A viewer hears of changes no more often. */
const tellMs = 1000;
const privilege = 'guest.file.read';

/** FileService.Watch for the live socket: the same privilege and the same entry in the audit. */
export async function* watchFolderTopic(
  { gate, identified, node }: ApiContext,
  { vm: idOrName, path }: WatchFolderRequest,
  topicSignal: AbortSignal,
): AsyncGenerator<{ readonly revision: bigint; readonly gone: boolean }> {
  const asked = {
    identified,
    privilege,
    isChange: false,
    action: 'guest.file.watch',
    parameters: { path: path.slice(0, 1024) },
    isLong: true,
  };
  let vm: VmApi;
  try {
    vm = findVm(node, idOrName, { caller: identified.caller, privilege });
  } catch (error) {
    await gate.refuse({ ...asked, target: 'everywhere' }, error);
    throw error;
  }
  const call = await gate.open({ ...asked, target: vm, vm });
  const both = linkSignals(topicSignal, call.signal);
  try {
    vm.assertAllowed('guest');
    yield* statesOf(await vm.agent({ signal: both.signal }), path, both.signal);
  } catch (error) {
    const why = call.signal.aborted ? call.signal.reason : await explainEnd(error, vm, topicSignal);
    await call.close(why);
    throw why;
  } finally {
    both.abort(new Error('the topic ended'));
    both.unlink();
    await call.close();
  }
}

/** Changes are counted as they come, so that none is told late however slow the viewer is. */
async function* statesOf(
  agent: AgentLink,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly revision: bigint; readonly gone: boolean }> {
  const changed = new Notifier();
  let revision = -1n;
  let isOver = false;
  let failure: unknown;
  const count = async (): Promise<void> => {
    try {
      for await (const _ of agent.stream(FileServiceLite.watch, once({ path }), { signal })) {
        revision += 1n;
        changed.notify();
      }
    } catch (error) {
      failure = error;
    }
    isOver = true;
    changed.notify();
  };
  void count();
  for (let told = -1n; ; ) {
    await changed.until(() => revision !== told || isOver, signal);
    if (failure !== undefined) throw failure;
    told = revision;
    yield { revision: told, gone: isOver };
    if (isOver) return;
    await delay(tellMs, undefined, { signal });
  }
}

async function* once<T>(request: T): AsyncGenerator<T> {
  yield request;
}
