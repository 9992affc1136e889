import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { AccessService, AuditService, type NodeSchema, NodeService } from '@innkeeper/contract/control';
import type { ByArchitecture } from '@innkeeper/images';
import type { Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import type { Access } from '../access/access.ts';
import { Audit } from '../audit/audit.ts';
import type { AuditWriterId } from '../audit/interrupted.ts';
import { createAccessService } from '../edge/access/access-service.ts';
import { createAuditService } from '../edge/access/audit-service.ts';
import { errorInterceptor, gateInterceptor } from '../edge/api-interceptors.ts';
import { type EdgeListenOptions, EdgeServer, edgeService } from '../edge/edge-server.ts';
import { Gate } from '../edge/gate.ts';
import { HealthProbe } from '../edge/health.ts';
import { type TargetNode, vmNotFound } from '../edge/method-target.ts';
import { pageOf } from '../edge/page.ts';
import { PortGrants } from '../edge/ports/port-grants.ts';
import { listNodes as listKnown } from '../node/fleet/known-nodes.ts';
import { forwardInterceptor } from './forward-interceptor.ts';
import { forwardService } from './forward-service.ts';
import { forwardedServices } from './forwarded-services.ts';
import { nodeHealth } from './node-health.ts';
import type { NodeLink } from './node-link.ts';
import type { RelayContext } from './relay-context.ts';
import { relayRequest, relayUpgrade } from './relay-routes.ts';

export interface RelayServerOptions {
  /** Who answers for what it has begun and not written down yet. */
  readonly writer: AuditWriterId;
  readonly link: NodeLink;
  readonly access: Access;
  readonly log: Log;
  readonly webFolder?: string | undefined;
  /** The agent that it gives out; undefined when none was built. */
  readonly agentPaths: ByArchitecture<string>;
}

/** Users and the audit are on no VM. */
const noVms: TargetNode = {
  vms: {
    list: () => [],
    find: (idOrName) => {
      throw vmNotFound(idOrName);
    },
  },
  operations: {
    find: async (id) => {
      throw new OperationError('OPERATION_NOT_FOUND', `There is no operation "${id}".`);
    },
  },
};

/**
 * A control plane without a node of its own: users, tokens, sessions, the audit and the web console from the database and
 * its own files, and everything about VMs from the node. It keeps nothing, so any number of them can stand before a node.
 */
export class RelayServer implements AsyncDisposable {
  readonly gate: Gate;
  /** Where browsers find it; empty while it listens on no port. */
  webUrl = '';
  readonly #edge: EdgeServer;

  constructor({ link, access, log, webFolder, agentPaths, writer }: RelayServerOptions) {
    const audit = new Audit({ store: access.store, log, nowMs: () => access.clock.nowMs(), writer });
    const gate = new Gate({ access, audit, log });
    this.gate = gate;
    const own = [errorInterceptor(log), gateInterceptor(gate, noVms)];
    const forwarded = [errorInterceptor(log), forwardInterceptor(gate)];
    const portGrants = new PortGrants(() => access.clock.nowMs());
    const edge = new EdgeServer({
      log,
      portGrants,
      gate,
      webFolder,
      services: [
        edgeService(AccessService, createAccessService(access), own),
        edgeService(AuditService, createAuditService(gate), own),
        edgeService(NodeService, this.#nodeService(link, access.store), forwarded),
        ...forwardedServices.map((service) => edgeService(service, forwardService(service, link), forwarded)),
      ],
      onRoute: (request, response, facts) => relayRequest(request, response, facts, context),
      onUpgrade: (upgrade, facts) => relayUpgrade(upgrade, facts, context),
    });
    const { shutdownSignal } = edge;
    const health = new HealthProbe(access.store, () => nodeHealth(link));
    const context: RelayContext = { link, gate, health, agentPaths, portGrants, log, shutdownSignal };
    this.#edge = edge;
  }

  /** Listens on a TCP port; gives its number. Rejects with Node's error. */
  async listenTcp(options: EdgeListenOptions): Promise<number> {
    return await this.#edge.listen(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#edge[Symbol.asyncDispose]();
  }

  /** The node does not know where browsers come in. While it does not answer, it is as it was last seen. */
  #nodeService(link: NodeLink, store: Store): ServiceImpl<typeof NodeService> {
    const { getNode, listNodes } = forwardService(NodeService, link);
    return {
      getNode: async (request, context) => ({ ...(await getNode(request, context)), webUrl: this.webUrl }),
      listNodes: async (request, context) => {
        const seenHere = (nodes: readonly MessageInitShape<typeof NodeSchema>[]) =>
          nodes.map((node) => ({ ...node, webUrl: this.webUrl }));
        try {
          const { nodes = [], nextPageToken = '' } = await listNodes(request, context);
          return { nextPageToken, nodes: seenHere(nodes) };
        } catch (error) {
          if (!(isOperationError(error) && error.reason === 'NODE_UNREACHABLE')) throw error;
          const { items, nextPageToken } = pageOf(await listKnown(store), request);
          return { nextPageToken, nodes: seenHere(items) };
        }
      },
    };
  }
}
