import type { DescMethod } from '@bufbuild/protobuf';
import { FileService, ProcessService, TunnelService } from '@innkeeper/contract/agent';
import { auditAction, CommandRule, rulesOf } from '@innkeeper/contract/rules';
import type { HttpRouteFacts, RouteFacts } from './http-route.ts';

const filesPath = '/v1/vms/{vm}/files';
const tarPath = '/v1/vms/{vm}/tar';

/** What of a file route's query the audit holds. */
function describeFile(query: URLSearchParams): Record<string, string> {
  const names = ['path', 'offset', 'length', 'size', 'mode', 'user', 'group', 'parents', 'owners'];
  return Object.fromEntries(names.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));
}

/** Of a target that a caller names; real ones are shorter. */
const maxTargetChars = 200;

/** What the audit holds of a tunnel: where it leads, such as "port 22" or "/run/docker.sock". */
function describeTunnel(query: URLSearchParams): Record<string, string> {
  const address = query.get('address');
  return {
    target: (query.get('unix') ?? `port ${query.get('port') ?? ''}`).slice(0, maxTargetChars),
    ...(address === null ? {} : { address: address.slice(0, maxTargetChars) }),
  };
}

/** What the audit holds of a download; the run's id is added where the path is known. */
function describeRunOutput(query: URLSearchParams): Record<string, string> {
  return { vm: query.get('vm') ?? '', stream: query.get('stream') ?? '' };
}

function describeUpload(query: URLSearchParams): Record<string, string> {
  return { offset: query.get('offset') ?? '0' };
}

/** What holds for a route that is another form of a method of the agent: the same as for the method. */
function formOf(method: DescMethod): Pick<RouteFacts, 'privilege' | 'action' | 'vmAction' | 'command'> {
  const { privilege, command } = rulesOf(method);
  const action = auditAction(method);
  return {
    privilege,
    vmAction: 'guest',
    ...(action === undefined ? {} : { action }),
    ...(command === CommandRule.REQUEST ? { command: 'later' } : {}),
  };
}

const { read, write, stat, getUpload, readTar, writeTar } = FileService.method;
const file = { path: filesPath, describe: describeFile } as const;
const tar = { path: tarPath, describe: describeFile } as const;
const imageUpload = { path: '/v1/image-uploads/{upload}', privilege: 'node.manage' } as const;
const forGuests = { method: 'GET', privilege: 'public', isForGuests: true } as const;

/** Every HTTP route beside the calls, by its name. The first one that fits is taken. What answers it is attached elsewhere. */
const httpTable = {
  metrics: { method: 'GET', path: '/metrics', privilege: 'vm.view', where: 'somewhere' },
  auditExport: { method: 'GET', path: '/v1/audit.jsonl', privilege: 'audit.view', action: 'audit.export' },
  readFile: { ...file, ...formOf(read), method: 'GET' },
  writeFile: { ...file, ...formOf(write), method: 'PUT' },
  uploadOffset: { ...file, ...formOf(getUpload), method: 'HEAD', parameter: 'upload' },
  discardUpload: { ...file, ...formOf(write), method: 'DELETE', parameter: 'upload', action: 'guest.file.discard' },
  statFile: { ...file, ...formOf(stat), method: 'HEAD' },
  readTar: { ...tar, ...formOf(readTar), method: 'GET' },
  writeTar: { ...tar, ...formOf(writeTar), method: 'PUT' },
  runOutput: {
    method: 'GET',
    path: '/v1/runs/{id}/output',
    privilege: 'guest.exec',
    where: 'somewhere',
    action: 'run.output',
    describe: describeRunOutput,
    command: 'later',
  },
  imageUploadOffset: { ...imageUpload, method: 'HEAD' },
  writeImageUpload: { ...imageUpload, method: 'PUT', action: 'image.upload', describe: describeUpload },
  removeImageUpload: { ...imageUpload, method: 'DELETE', action: 'image.upload-discard' },
  // Load balancers have no user.
  health: { method: 'GET', path: '/healthz', privilege: 'public' },
  // What there is to call is no secret: it is in the sources.
  openapi: { method: 'GET', path: '/openapi.json', privilege: 'public' },
  openapiPage: { method: 'GET', path: '/openapi', privilege: 'public' },
  // A guest has no user either, and the agent is no secret.
  installScript: { ...forGuests, path: '/install-agent.sh' },
  agentAmd64: { ...forGuests, path: '/agent/latest/linux-amd64' },
  agentAmd64Sum: { ...forGuests, path: '/agent/latest/linux-amd64.sha256' },
  agentArm64: { ...forGuests, path: '/agent/latest/linux-arm64' },
  agentArm64Sum: { ...forGuests, path: '/agent/latest/linux-arm64.sha256' },
  // As other platforms' documents write them: docs/protocol/compatibility.md.
  execute: { ...formOf(ProcessService.method.exec), method: 'POST', path: '/api/vms/{vm}/execute' },
  quiesce: {
    method: 'POST',
    path: '/api/vms/{vm}/quiesce',
    privilege: 'guest.filesystem',
    vmAction: 'guest',
    action: 'guest.freeze',
  },
  thaw: {
    method: 'POST',
    path: '/api/vms/{vm}/thaw',
    privilege: 'guest.filesystem',
    vmAction: 'guest',
    action: 'guest.thaw',
  },
  syncTime: {
    method: 'POST',
    path: '/api/vms/{vm}/sync-time',
    privilege: 'guest.admin',
    vmAction: 'guest',
    action: 'guest.sync-time',
  },
  guestAddress: {
    method: 'POST',
    path: '/v1/vms/{vm}/guest-ip',
    privilege: 'guest.report',
    vmAction: 'guest',
    action: 'guest.report',
    isForGuests: true,
    takesBasic: true,
  },
  metricsHistory: { method: 'GET', path: '/v1/metrics/vms/{vm}', privilege: 'vm.view' },
} as const satisfies Readonly<Record<string, HttpRouteFacts>>;

/** Every WebSocket, by its name. */
const socketTable = {
  exec: { ...formOf(ProcessService.method.exec), path: '/v1/vms/{vm}/exec', beginsLater: true },
  terminal: {
    path: '/v1/vms/{vm}/terminals/{terminal}',
    privilege: 'guest.exec',
    action: 'guest.terminal',
    beginsLater: true,
  },
  console: { path: '/v1/vms/{vm}/console', privilege: 'vm.console', vmAction: 'console', action: 'vm.console' },
  // A forward makes many connections.
  tunnel: {
    ...formOf(TunnelService.method.connect),
    path: '/v1/vms/{vm}/tunnel',
    describe: describeTunnel,
    isCoalesced: true,
    beginsLater: true,
  },
  metrics: { path: '/v1/vms/{vm}/metrics/ws', privilege: 'vm.view' },
  live: { path: '/v1/live', privilege: 'vm.view', where: 'somewhere' },
} as const satisfies Readonly<Record<string, RouteFacts>>;

export type HttpRouteName = keyof typeof httpTable;
export type SocketRouteName = keyof typeof socketTable;

export interface HttpRoute extends HttpRouteFacts {
  readonly name: HttpRouteName;
}

export interface SocketRoute extends RouteFacts {
  readonly name: SocketRouteName;
}

export const httpRoutes: readonly HttpRoute[] = named<HttpRouteName, HttpRouteFacts>(httpTable);
export const socketRoutes: readonly SocketRoute[] = named<SocketRouteName, RouteFacts>(socketTable);

function named<Name extends string, Facts>(table: Readonly<Record<Name, Facts>>): (Facts & { readonly name: Name })[] {
  return (Object.keys(table) as Name[]).map((name) => ({ ...table[name], name }));
}
