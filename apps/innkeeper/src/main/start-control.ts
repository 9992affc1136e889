import { findAgentBinary } from '@innkeeper/images';
import type { Log } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { Access } from '../access/access.ts';
import { controlWriter, watchIntents } from '../audit/interrupted.ts';
import { NodeLink } from '../relay/node-link.ts';
import { watchNode } from '../relay/node-watch.ts';
import { RelayServer } from '../relay/relay-server.ts';
import type { ControlSettings } from './control-command-line.ts';
import { listenOnTcp, type WebAddress } from './listen-on-tcp.ts';
import { readPem } from './read-pem.ts';
import { StopStack } from './stop-stack.ts';
import { stopTerms } from './stop-terms.ts';

/**
 * Calls that last are asked for again this often: a logout, or a role that was removed, by another control plane holds
 * for what is open here after this time, and for whatever is new at once.
 */
const recheckMs = 3_000;
const linkTerms = { name: 'link to the node', timeoutMs: 500, lost: 'nothing: the node continues by itself' };

export interface ControlPlane extends AsyncDisposable {
  /** Undefined when no port was named and none is free. */
  readonly web: WebAddress | undefined;
  /** Logs the first administrator in once. */
  readonly loginPath: string | undefined;
}

/** Starts a control plane before a node, which need not be there yet. Fails with LISTEN_REFUSED, DATABASE_UNREACHABLE. */
export async function startControl(settings: ControlSettings, log: Log): Promise<ControlPlane> {
  await using stack = new StopStack(log);
  const onIdleError = (error: Error): void => log.warn('database.connection-lost', { message: error.message });
  const store = stack.use(await openStore(settings.databaseAddress, { onIdleError }), stopTerms.store);
  const agentBinary = await findAgentBinary(settings.agentBinaryPath);
  const { node: address, nodeTls } = settings;
  const [cert, key, ca] = await Promise.all(
    nodeTls === undefined ? [] : [nodeTls.certPath, nodeTls.keyPath, nodeTls.caPath].map(readPem),
  );
  const tls = cert === undefined || key === undefined || ca === undefined ? undefined : { cert, key, ca };
  const link = stack.use(new NodeLink({ address, tls, log }), linkTerms);
  stack.use(watchNode(link), linkTerms);
  const access = stack.use(new Access({ store, log, recheckMs }), stopTerms.access);
  const { webFolder } = settings;
  const writer = controlWriter();
  stack.use(watchIntents(store, writer, log), stopTerms.access);
  const server = stack.use(
    new RelayServer({ link, access, log, webFolder, agentPaths: agentBinary?.paths ?? {}, writer }),
    stopTerms.server,
  );
  const web = await listenOnTcp(server, settings.listen);
  server.webUrl = web?.url ?? '';
  const loginPath = await access.firstLoginPath();
  const owned = stack.move();
  return { web, loginPath, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}
