import { OperationError } from '@innkeeper/contract';
import { AccessService, AuditService, NodeService } from '@innkeeper/contract/control';
import type { ByArchitecture } from '@innkeeper/images';
import type { Log } from '@innkeeper/kit';
import type { Access } from '../access/access.ts';
import { Audit } from '../audit/audit.ts';
import type { AuditWriterId } from '../audit/interrupted.ts';
import { createAccessService } from '../edge/access/access-service.ts';
import { createAuditService } from '../edge/access/audit-service.ts';
import { errorInterceptor, gateInterceptor } from '../edge/api-interceptors.ts';
import { type DoorListenOptions, Doors } from '../edge/doors.ts';
import { Gate } from '../edge/gate.ts';
import { HealthProbe } from '../edge/health.ts';
import { type TargetNode, vmNotFound } from '../edge/method-target.ts';
import { createRpcHandler } from '../edge/rpc-handler.ts';
import { forwardInterceptor } from './forward-interceptor.ts';
import { forwardService } from './forward-service.ts';
import { forwardedServices } from './forwarded-services.ts';
import { type FrontContext, frontRequest, frontUpgrade } from './front-routes.ts';
import { nodeHealth } from './node-health.ts';
import type { NodeLink } from './node-link.ts';

export interface FrontServerOptions {
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
export class FrontServer implements AsyncDisposable {
  readonly gate: Gate;
  /** Where browsers find it; empty while it listens on no port. */
  webUrl = '';
  readonly #doors: Doors;

  constructor({ link, access, log, webFolder, agentPaths, writer }: FrontServerOptions) {
    const audit = new Audit({ store: access.store, log, nowMs: () => access.clock.nowMs(), writer });
    const gate = new Gate({ access, audit });
    this.gate = gate;
    const doors = new Doors({
      ...{ log, webFolder },
      onCall: (request, response) => rpc(request, response),
      onRoute: (request, response, facts) => frontRequest(request, response, facts, context),
      onUpgrade: (upgrade, facts) => frontUpgrade(upgrade, facts, context),
    });
    const { shutdownSignal } = doors;
    const health = new HealthProbe(access.store, () => nodeHealth(link));
    const context: FrontContext = { link, gate, health, agentPaths, log, shutdownSignal };
    const own = { interceptors: [errorInterceptor(log), gateInterceptor(gate, noVms)] };
    const forwarded = { interceptors: [errorInterceptor(log), forwardInterceptor(gate)] };
    const rpc = createRpcHandler({
      routes: (router) => {
        router
          .service(AccessService, createAccessService(access), own)
          .service(AuditService, createAuditService(access.store), own)
          .service(NodeService, { getNode: this.#getNode(link) }, forwarded);
        for (const service of forwardedServices) router.service(service, forwardService(service, link), forwarded);
      },
      ...{ gate, log, shutdownSignal },
      factsOf: (request) => doors.factsOf(request),
      fallback: (request, response) => void doors.beside(request, response),
    });
    this.#doors = doors;
  }

  /** Listens on a TCP port; gives its number. Rejects with Node's error. */
  async listenTcp(options: DoorListenOptions): Promise<number> {
    return await this.#doors.listen(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#doors[Symbol.asyncDispose]();
  }

  /** The node does not know where browsers come in. */
  #getNode(link: NodeLink): ReturnType<typeof forwardService<typeof NodeService>>['getNode'] {
    const { getNode } = forwardService(NodeService, link);
    return async (request, context) => ({ ...(await getNode(request, context)), webUrl: this.webUrl });
  }
}
