import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  FileService,
  FilesystemService,
  GuestProcessService,
  InventoryService,
  LogService,
  NetworkService,
  PowerService,
  UnitService,
} from '@innkeeper/contract/agent';
import {
  AccessService,
  AuditService,
  ImageService,
  NodeService,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';
import { type ReasonName, reasons } from '@innkeeper/contract/errors';
import { type WebSocket, WebSocketServer } from 'ws';

/** Handlers of a test's daemon; omitted methods are unimplemented. */
export interface FakeHandlers {
  readonly vms?: Partial<ServiceImpl<typeof VmService>>;
  /** Served for the agent of every VM. */
  readonly guestFiles?: Partial<ServiceImpl<typeof FileService>>;
  readonly guestFilesystems?: Partial<ServiceImpl<typeof FilesystemService>>;
  readonly guestPower?: Partial<ServiceImpl<typeof PowerService>>;
  readonly guestProcesses?: Partial<ServiceImpl<typeof GuestProcessService>>;
  readonly guestInventory?: Partial<ServiceImpl<typeof InventoryService>>;
  readonly guestLogs?: Partial<ServiceImpl<typeof LogService>>;
  readonly guestUnits?: Partial<ServiceImpl<typeof UnitService>>;
  readonly guestNetwork?: Partial<ServiceImpl<typeof NetworkService>>;
  readonly images?: Partial<ServiceImpl<typeof ImageService>>;
  readonly operations?: Partial<ServiceImpl<typeof OperationService>>;
  readonly node?: Partial<ServiceImpl<typeof NodeService>>;
  readonly runs?: Partial<ServiceImpl<typeof RunService>>;
  readonly access?: Partial<ServiceImpl<typeof AccessService>>;
  readonly audit?: Partial<ServiceImpl<typeof AuditService>>;
  readonly terminals?: Partial<ServiceImpl<typeof TerminalService>>;
  readonly files?: (request: IncomingMessage, response: ServerResponse, url: URL) => void;
  readonly exec?: (socket: WebSocket, vm: string) => void;
  /** Gets every WebSocket, with its path; `exec` is then not called. */
  readonly socket?: (socket: WebSocket, path: string) => void;
  /** Refuses the WebSocket upgrade of exec with this error body. */
  readonly refuseExec?: string;
}

/** A control plane for tests: the real protocol on a unix socket in a temporary folder, without a node. */
export interface FakeDaemon extends AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  /** Number of open connections. */
  connections(): number;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
  /** Like SIGKILL: cuts every connection and stops listening. */
  stop(): Promise<void>;
  /** Listens again. */
  restart(handlers?: FakeHandlers): Promise<void>;
}

export async function startFakeDaemon(handlers: FakeHandlers = {}): Promise<FakeDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'a fake:daemon?#%20-'));
  const socketPath = join(folder, 'innkeeper.sock');
  const sockets = new Set<Socket>();
  let idleWaiters: (() => void)[] = [];
  let current = handlers;
  const listen = async (): Promise<() => Promise<void>> => {
    const server = createServer((request, response) => handleRequest(current, request, response));
    const webSockets = new WebSocketServer({ noServer: true });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        if (sockets.size === 0) for (const wake of idleWaiters.splice(0)) wake();
      });
    });
    server.on('upgrade', (request, socket, head) => {
      const { socket: other } = current;
      if (other !== undefined) {
        webSockets.handleUpgrade(request, socket, head, (opened) => other(opened, request.url ?? ''));
        return;
      }
      const vm = /^\/v1\/vms\/([^/]+)\/exec$/.exec(request.url ?? '')?.[1];
      if (current.refuseExec !== undefined || vm === undefined || current.exec === undefined)
        socket.end(
          `HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n${current.refuseExec ?? errorBody('VM_NOT_FOUND', 'No.')}`,
        );
      else webSockets.handleUpgrade(request, socket, head, (opened) => current.exec?.(opened, decodeURIComponent(vm)));
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    return async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    };
  };
  let stop = await listen();
  return {
    folder,
    socketPath,
    connections: () => sockets.size,
    idle: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))),
    stop: async () => {
      await stop();
      stop = async () => undefined;
    },
    async restart(next) {
      current = next ?? current;
      stop = await listen();
    },
    async [Symbol.asyncDispose]() {
      await stop();
      idleWaiters = [];
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An error as the daemon throws it from a call. */
export function callError(reason: ReasonName, message: string, nextStep: string = reasons[reason].next): ConnectError {
  const name = reasons[reason].code.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return new ConnectError(message, Code[name as keyof typeof Code], {
    'x-innkeeper-reason': reason,
    'x-innkeeper-next-step': encodeURIComponent(nextStep),
  });
}

/** The JSON error body that the daemon sends on HTTP routes and WebSockets. */
export function errorBody(reason: ReasonName, message: string): string {
  return JSON.stringify({ code: reasons[reason].code, reason, message, nextStep: reasons[reason].next });
}

function handleRequest(handlers: FakeHandlers, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://innkeeper');
  if (/^\/v1\/(vms|runs)\//.test(url.pathname) && handlers.files !== undefined) {
    handlers.files(request, response, url);
    return;
  }
  connectNodeAdapter({
    routes: (router) => {
      router.service(VmService, handlers.vms ?? {});
      router.service(FileService, handlers.guestFiles ?? {});
      router.service(FilesystemService, handlers.guestFilesystems ?? {});
      router.service(PowerService, handlers.guestPower ?? {});
      router.service(GuestProcessService, handlers.guestProcesses ?? {});
      router.service(InventoryService, handlers.guestInventory ?? {});
      router.service(LogService, handlers.guestLogs ?? {});
      router.service(UnitService, handlers.guestUnits ?? {});
      router.service(NetworkService, handlers.guestNetwork ?? {});
      router.service(ImageService, handlers.images ?? {});
      router.service(OperationService, handlers.operations ?? {});
      router.service(NodeService, handlers.node ?? {});
      router.service(RunService, handlers.runs ?? {});
      router.service(AccessService, handlers.access ?? {});
      router.service(AuditService, handlers.audit ?? {});
      router.service(TerminalService, handlers.terminals ?? {});
    },
  })(request, response);
}
