import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { VMService } from '@innkeeper/contract/compute';
import {
  AccessService,
  AdoptService,
  AuditService,
  HistoryService,
  ImageService,
  type Node,
  NodeService,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';
import { NodeDaemonService } from '@innkeeper/contract/node-daemon';
import type { Log } from '@innkeeper/kit';
import type { Access } from '../access/access.ts';
import { Audit } from '../audit/audit.ts';
import { createAccessService } from '../edge/access/access-service.ts';
import { createAuditService } from '../edge/access/audit-service.ts';
import { errorInterceptor, gateInterceptor } from '../edge/api-interceptors.ts';
import { type EdgeListenOptions, EdgeServer, type EdgeService, edgeService } from '../edge/edge-server.ts';
import { Gate } from '../edge/gate.ts';
import { pageOf } from '../edge/page.ts';
import { PortGrants } from '../edge/ports/port-grants.ts';
import { controlListener, guestListener, unixListener } from '../edge/web/listener-info.ts';
import { listNodes } from '../node/fleet/known-nodes.ts';
import type { History } from '../node/history/history.ts';
import type { RunManager } from '../node/runs/run-manager.ts';
import type { TerminalManager } from '../node/terminals/terminal-manager.ts';
import type { NodeApi } from '../ports/node-api.ts';
import { createAdoptService } from './adopt-service.ts';
import { agentServiceImpls } from './agent-services.ts';
import { createComputeService } from './compat/compute-service.ts';
import { createNodeDaemonService } from './compat/node-daemon-service.ts';
import { createHistoryService } from './history-service.ts';
import { createImageService } from './image-service.ts';
import { SharedTopics } from './live/shared-topics.ts';
import { createOperationService } from './operation-service.ts';
import { type RouteParts, routeRequest, routeUpgrade } from './routes.ts';
import { createRunService } from './run-service.ts';
import { createTerminalService } from './terminal-service.ts';
import { TunnelSlots } from './tunnel/tunnel-slots.ts';
import { createVmService } from './vm-service.ts';

/** Header limit for control planes, whose headers contain all roles of the caller and the allowed commands of a token. */
const callerBytes = 256 * 1024;

export interface ApiServerOptions {
  readonly node: NodeApi;
  readonly access: Access;
  readonly history: History;
  readonly runs: RunManager;
  readonly terminals: TerminalManager;
  readonly log: Log;
  /** The built web console; without it, TCP ports serve only the API. */
  readonly webFolder?: string;
}

/** The API, and the web console, on a unix socket and on TCP ports. */
export class ApiServer implements AsyncDisposable {
  readonly gate: Gate;
  /** The web console's addresses; empty while the server listens on no port. */
  webUrl = '';
  readonly #edge: EdgeServer;

  constructor(options: ApiServerOptions) {
    const { node, access, history, runs, terminals, log } = options;
    const audit = new Audit({ store: access.store, log, nowMs: () => access.clock.nowMs() });
    this.gate = new Gate({ access, audit, log });
    const interceptors = [errorInterceptor(log), gateInterceptor(this.gate, node)];
    const serve = <Service extends DescService>(service: Service, impl: ServiceImpl<Service>): EdgeService =>
      edgeService(service, impl, interceptors);
    const portGrants = new PortGrants(() => access.clock.nowMs());
    const edge = new EdgeServer({
      log,
      portGrants,
      gate: this.gate,
      webFolder: options.webFolder,
      services: [
        ...agentServiceImpls(node).map(([service, impl]) => serve(service, impl)),
        serve(AccessService, createAccessService(access)),
        serve(AuditService, createAuditService(this.gate)),
        serve(VmService, createVmService(node, access.live)),
        serve(AdoptService, createAdoptService(node)),
        serve(VMService, createComputeService(node)),
        serve(NodeDaemonService, createNodeDaemonService(node)),
        serve(ImageService, createImageService(node)),
        serve(HistoryService, createHistoryService(node, history)),
        serve(OperationService, createOperationService(node)),
        serve(RunService, createRunService(node, runs)),
        serve(TerminalService, createTerminalService(node, terminals)),
        serve(NodeService, {
          getNode: () => this.#describe(node),
          listNodes: async (request) => {
            const { items, nextPageToken } = pageOf(await listNodes(access.store, await this.#describe(node)), request);
            return { nodes: [...items], nextPageToken };
          },
        }),
      ],
      onRoute: (request, response, facts) => routeRequest(request, response, facts, context),
      onUpgrade: (upgrade, facts) => routeUpgrade(upgrade, facts, context),
    });
    const { shutdownSignal } = edge;
    const parts = {
      node,
      history,
      runs,
      terminals,
      topics: new SharedTopics(),
      tunnels: new TunnelSlots(),
      portGrants,
    };
    const context: RouteParts = { ...parts, log, gate: this.gate, shutdownSignal };
    this.#edge = edge;
  }

  /** Listens on a unix socket. The file is created by bind, with a mode according to the process's umask. */
  async listen(socketPath: string): Promise<void> {
    await this.#edge.listen({ where: { path: socketPath }, listener: unixListener });
  }

  /** Listens on a TCP port and resolves to its number. Rejects with Node's error. */
  async listenTcp(options: EdgeListenOptions): Promise<number> {
    return await this.#edge.listen(options);
  }

  /** Listens for guests on a port of the host's loopback and resolves to its number. Rejects with Node's error. */
  async listenForGuests(where: EdgeListenOptions['where']): Promise<number> {
    return await this.#edge.listen({ where, listener: guestListener, limits: { maxConnections: 256 } });
  }

  /** Listens for control planes, which are trusted to name the caller. Resolves to the port, 0 for a unix socket. */
  async listenForControl(options: Omit<EdgeListenOptions, 'listener' | 'limits'>): Promise<number> {
    return await this.#edge.listen({ ...options, listener: controlListener, limits: { maxHeaderBytes: callerBytes } });
  }

  async #describe(node: NodeApi): Promise<Node> {
    return { ...(await node.describe()), webUrl: this.webUrl };
  }

  /** Ends every call: watchers and followers of processes get an error, file transfers break off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#edge[Symbol.asyncDispose]();
    await this.gate.coalesced[Symbol.asyncDispose]();
  }
}
