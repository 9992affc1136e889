import type { WebSocket } from 'ws';
import { rightsKey } from '../../access/same-rights.ts';
import { viewerOf } from '../../access/viewer-of.ts';
import { mayRead } from '../../access/withhold.ts';
import type { Gate } from '../../edge/gate.ts';
import type { Caller } from '../../ports/caller.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import type { Exchange } from '../exchange.ts';
import type { LiveRights } from './live-topics.ts';
import { serveLive } from './serve-live.ts';
import { watchRunTopic } from './watch-run-topic.ts';

/** The WebSocket /v1/live of one browser. Each topic contains only what its viewer may see. */
export async function liveRoute(socket: WebSocket, exchange: Exchange): Promise<void> {
  const { node, gate, pass, signal, log, topics } = exchange;
  const source = {
    node,
    topics,
    user: pass.caller.name,
    rights: rightsOf(pass, node),
    moreDoneSteps: () => doneSteps(gate, pass.caller),
    watchRun: (id: string, topicSignal: AbortSignal) => watchRunTopic(exchange, id, topicSignal),
  };
  await serveLive(socket, source, { signal, log });
}

/** What the caller may see, recomputed after each recheck of the caller's roles. */
function rightsOf(pass: { readonly caller: Caller }, { fleet }: NodeApi): () => LiveRights {
  let known: { readonly caller: Caller; readonly rights: LiveRights } | undefined;
  return () => {
    const { caller } = pass;
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
