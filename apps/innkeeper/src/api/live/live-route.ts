import type { WebSocket } from 'ws';
import { viewerOf } from '../../access/viewer-of.ts';
import { mayRead } from '../../access/withhold.ts';
import type { Gate } from '../../edge/gate.ts';
import type { Caller } from '../../ports/caller.ts';
import type { Exchange } from '../exchange.ts';
import { serveLive } from './serve-live.ts';
import { watchRunTopic } from './watch-run-topic.ts';

/** The WebSocket /v1/live of one browser. Each topic contains only what its viewer may see. */
export async function liveRoute(socket: WebSocket, exchange: Exchange): Promise<void> {
  const { node, gate, pass, signal, log } = exchange;
  const source = {
    may: (privilege: string, vmIds: readonly string[]) =>
      mayRead(pass.caller, 'everywhere', (id) => node.fleet.find(id))(privilege, vmIds),
    node,
    viewer: viewerOf(pass),
    moreDoneSteps: () => doneSteps(gate, pass.caller),
    watchRun: (id: string, topicSignal: AbortSignal) => watchRunTopic(exchange, id, topicSignal),
  };
  await serveLive(socket, source, { signal, log });
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
