import type { WatchFolderRequest } from '@innkeeper/contract/control';
import type { WebSocket } from 'ws';
import { rightsKey } from '../../access/same-rights.ts';
import { viewerOf } from '../../access/viewer-of.ts';
import { mayRead } from '../../access/withhold.ts';
import type { Gate } from '../../edge/gate.ts';
import type { Caller } from '../../ports/caller.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import type { ApiContext } from '../api-context.ts';
import type { LiveRights } from './live-topics.ts';
import { serveLive } from './serve-live.ts';
import { watchFolderTopic } from './watch-folder-topic.ts';
import { watchRunTopic } from './watch-run-topic.ts';

/** The WebSocket /v1/live of one browser. Each topic contains only what its viewer may see. */
export async function liveRoute(socket: WebSocket, context: ApiContext): Promise<void> {
  const { node, gate, call, signal, log, topics } = context;
  const source = {
    node,
    topics,
    user: call.caller.name,
    rights: rightsOf(call, node),
    moreDoneSteps: () => doneSteps(gate, call.caller),
    watchFolder: (request: WatchFolderRequest, topicSignal: AbortSignal) =>
      watchFolderTopic(context, request, topicSignal),
    watchRun: (id: string, topicSignal: AbortSignal) => watchRunTopic(context, id, topicSignal),
  };
  await serveLive(socket, source, { signal, log });
}

/** What the caller may see, recomputed after each recheck of the caller's roles. */
function rightsOf(call: { readonly caller: Caller }, { fleet }: NodeApi): () => LiveRights {
  let known: { readonly caller: Caller; readonly rights: LiveRights } | undefined;
  return () => {
    const { caller } = call;
    if (known?.caller === caller) return known.rights;
    const may = mayRead(caller, 'everywhere', (id) => fleet.find(id));
    const rights = { key: rightsKey(caller), viewer: viewerOf({ caller }), may };
    known = { caller, rights };
    return rights;
  };
}

/** The first steps that are recorded only in the store. */
async function doneSteps({ access: { store } }: Gate, { name }: Caller): Promise<string[]> {
  const [runs, commands, user] = await Promise.all([
    store.audit.list({ action: 'RunService/StartRun', result: 'ok', limit: 1 }),
    store.audit.list({ action: 'guest.exec', result: 'ok', limit: 1 }),
    store.users.find(name),
  ]);
  return [
    ...(runs.length > 0 || commands.length > 0 ? ['run'] : []),
    ...(user !== undefined && user.password !== null ? ['password'] : []),
  ];
}
