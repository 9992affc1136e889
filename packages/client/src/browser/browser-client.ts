import { type Client, createClient as createConnectClient } from '@connectrpc/connect';
import {
  AccessService,
  AuditService,
  HistoryService,
  ImageService,
  NodeService,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';
import { type AgentClients, agentClients, type MakeService } from '../agent-clients.ts';
import { type ConsoleStream, type OpenConsoleOptions, openConsoleStream } from '../console-stream.ts';
import { createGuestPower, type GuestPower } from '../guest-power.ts';
import { createGuestProcesses, type GuestProcesses } from '../guest-processes.ts';
import { createRuns, type Runs, type RunsParts } from '../runs.ts';
import { createTerminals, type Terminals } from '../terminals.ts';
import { withOperationErrors } from '../with-operation-errors.ts';
import { createBinaryTransport } from './binary-transport.ts';
import { toOperationError } from './browser-errors.ts';
import { type BrowserFiles, createBrowserFiles } from './browser-files.ts';
import { readRunOutput } from './browser-run-output.ts';
import { browserSockets } from './open-browser-socket.ts';

export interface BrowserClientOptions {
  /** Sent with everything; empty before the login. */
  readonly csrfToken: () => string;
  /** Origin of the API, without a slash at its end. Empty: the page's own. */
  readonly baseUrl: string;
}

/** The control plane's API in a browser. The session's cookie goes along; all errors are OperationError. */
export interface BrowserClient {
  readonly access: Client<typeof AccessService>;
  readonly audit: Client<typeof AuditService>;
  /** The services of the agent of a VM, by its id or name, as they are. */
  agent(vm: string): AgentClients;
  /** Files of guests. */
  readonly files: BrowserFiles;
  readonly history: Client<typeof HistoryService>;
  readonly images: Client<typeof ImageService>;
  readonly node: Client<typeof NodeService>;
  readonly operations: Client<typeof OperationService>;
  /** Power of guests, from inside. */
  readonly power: GuestPower;
  /** Processes of guests. */
  readonly processes: GuestProcesses;
  /** Commands and scripts on many VMs, kept with their output. */
  readonly runs: Client<typeof RunService> & Runs;
  /** Shells in guests that stay when one leaves. */
  readonly terminals: Terminals;
  readonly vms: Client<typeof VmService>;
  /** Looks at a VM's serial console, and types on it. */
  openConsole(vm: string, options?: OpenConsoleOptions): ConsoleStream;
}

/** A client of the API that serves this page. */
export function createBrowserClient({ csrfToken, baseUrl }: BrowserClientOptions): BrowserClient {
  const transport = createBinaryTransport({ csrfToken, baseUrl });
  const service: MakeService = (desc, headers) =>
    withOperationErrors(desc, createConnectClient(desc, transport), { toError: toOperationError, headers });
  const agent = (vm: string): AgentClients => agentClients(service, vm);
  const runs = service(RunService);
  const runParts: RunsParts = {
    output: (id, options) => readRunOutput({ csrfToken, baseUrl }, id, options),
    toError: toOperationError,
  };
  return {
    agent,
    access: service(AccessService),
    audit: service(AuditService),
    files: createBrowserFiles(agent, { csrfToken, baseUrl }),
    history: service(HistoryService),
    images: service(ImageService),
    node: service(NodeService),
    operations: service(OperationService),
    power: createGuestPower(agent),
    processes: createGuestProcesses(agent),
    runs: Object.assign(Object.create(runs) as typeof runs, createRuns(runs, runParts)),
    terminals: createTerminals(service(TerminalService), browserSockets(baseUrl)),
    vms: service(VmService),
    openConsole: (vm, options) => openConsoleStream(browserSockets(baseUrl), vm, options),
  };
}
