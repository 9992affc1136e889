import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, silentLog } from '@innkeeper/kit';
import { Access } from '../../access/access.ts';
import type { AccessClock } from '../../access/access-clock.ts';
import type { ServedApi } from '../../api/testing/serve-api.ts';
import { controlWriter } from '../../audit/interrupted.ts';
import type { HttpLimits } from '../../edge/web/connection-limits.ts';
import { NodeLink } from '../node-link.ts';
import { RelayServer } from '../relay-server.ts';

/** A control plane before the node of a test, over the same store. */
export interface ServedRelay extends AsyncDisposable {
  /** "http://127.0.0.1:PORT" */
  readonly base: string;
  readonly access: Access;
  readonly front: RelayServer;
}

/** Where the node of a test listens for control planes, once `listenForControl` was called. */
export function controlSocketOf(api: ServedApi): string {
  return join(api.socketPath, '../control.sock');
}

/** Makes the node listen for control planes; call it again after `api.restartServer()`. */
export async function listenForControl(api: ServedApi): Promise<void> {
  const path = controlSocketOf(api);
  await rm(path, { force: true });
  await api.server.listenForControl({ where: { path } });
}

/** Starts a control plane; the node must listen for it now or later. */
export async function serveRelay(
  api: ServedApi,
  {
    clock,
    log = silentLog,
    limits = {},
  }: { readonly clock?: AccessClock; readonly log?: Log; readonly limits?: Partial<HttpLimits> } = {},
): Promise<ServedRelay> {
  await using stack = new AsyncDisposableStack();
  const link = stack.use(new NodeLink({ address: { kind: 'unix', path: controlSocketOf(api) }, log }));
  const access = stack.use(new Access({ store: api.store, log, ...(clock === undefined ? {} : { clock }) }));
  const front = stack.use(new RelayServer({ link, access, log, agentPaths: {}, writer: controlWriter() }));
  const listener = { kind: 'tcp', isSecure: false, hosts: { isLoopback: true, names: [] } } as const;
  const port = await front.listenTcp({ where: { host: '127.0.0.1', port: 0 }, listener, limits });
  const owned = stack.move();
  return { base: `http://127.0.0.1:${port}`, access, front, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
