import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { httpRoutes, socketRoutes } from '../../apps/innkeeper/src/edge/route-table.ts';
import { agentServices } from '../../packages/contract/src/agent-services.ts';
import { capabilities } from '../../packages/contract/src/capabilities.ts';
import { compatServices } from '../../packages/contract/src/compat-services.ts';
import * as control from '../../packages/contract/src/control.ts';
import {
  auditAction,
  isCoalesced,
  methodName,
  OnDisconnect,
  rulesOf,
  Subject,
} from '../../packages/contract/src/rules/index.ts';
import { table } from './table.ts';

const effects: Readonly<Record<number, string>> = {
  [Idempotency.NO_SIDE_EFFECTS]: 'reads',
  [Idempotency.IDEMPOTENT]: 'repeatable',
};

const subjects: Readonly<Record<number, string>> = {
  [Subject.NOTHING]: 'everything',
  [Subject.VM]: 'the VM',
  [Subject.VMS]: 'each VM',
  [Subject.OPERATION]: 'its VM',
  [Subject.NEW_VM]: 'the new VM’s tags',
};

/** Renders docs/protocol/methods.md: every method, route and socket with its declared options. */
export function methodDocs(): string {
  const exported: readonly unknown[] = Object.values(control);
  const services = exported.filter(isService);
  return [
    '# Methods, routes and capabilities',
    '',
    '`npm run generate` generates this page from the options in `proto/` (documented in `proto/options/v1`), the table of routes and `packages/contract/src/capabilities.ts`.',
    '',
    '## Methods of the agent',
    '',
    'Served for each VM at `/v1/vms/{vm}/innkeeper.agent.v1.<Service>/<Method>`. *effect*: `reads` has no side effects; `repeatable` may be sent twice; empty: each call has an effect. *disconnect*: whether the call continues or stops when the session ends. *frozen*: works while file systems are frozen. *seconds*: the default deadline. *audit*: the name in the audit; `×`: calls in 10 minutes share one entry.',
    '',
    ...table(
      ['method', 'form', 'privilege', 'audit', 'effect', 'disconnect', 'frozen', 'capability', 'seconds'],
      agentServices.flatMap(({ methods }) => methods.map(agentRow)),
    ),
    '',
    '## Capabilities',
    '',
    '`welcome.capabilities` lists what an agent can do in its guest; `GetSystem` explains why others are missing.',
    '',
    ...table(
      ['name', 'meaning'],
      Object.entries(capabilities).map(([name, what]) => [code(name), what]),
    ),
    '',
    '## Methods of the control plane',
    '',
    'At `/innkeeper.control.v1.<Service>/<Method>`; `VMService` at `/limiquantix.compute.v1.VMService/<Method>`, `NodeDaemonService` at `/limiquantix.node.v1.NodeDaemonService/<Method>`. *on*: where the caller must have the privilege; `public` and `self` need none.',
    '',
    ...table(
      ['method', 'form', 'privilege', 'on', 'audit', 'effect'],
      [...services, ...compatServices].flatMap(({ methods }) => methods.map(controlRow)),
    ),
    '',
    '## Routes and sockets',
    '',
    'A route that is another form of an agent’s method has the options of that method.',
    '',
    ...table(
      ['route', 'privilege', 'audit'],
      [
        ...httpRoutes.map((route) => [
          code(`${route.method} ${route.path}${route.parameter === undefined ? '' : `?${route.parameter}=`}`),
          code(route.privilege),
          code(route.action),
        ]),
        ...socketRoutes.map((route) => [code(`WebSocket ${route.path}`), code(route.privilege), code(route.action)]),
      ],
    ),
    '',
  ].join('\n');
}

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service';
}

function agentRow(method: DescMethod): string[] {
  const { privilege, whileFrozen, onDisconnect, capability, timeoutSeconds } = rulesOf(method);
  return [
    ...[code(methodName(method)), formOf(method), code(privilege), auditOf(method)],
    ...[effects[method.idempotency] ?? '', onDisconnect === OnDisconnect.DETACH ? 'continues' : 'stops'],
    ...[whileFrozen ? 'yes' : '', code(capability), timeoutSeconds === 0 ? '' : String(timeoutSeconds)],
  ];
}

function controlRow(method: DescMethod): string[] {
  const { privilege, subject } = rulesOf(method);
  const needsNone = privilege === 'public' || privilege === 'self';
  return [
    ...[code(methodName(method)), formOf(method), code(privilege), needsNone ? '' : (subjects[subject] ?? '')],
    ...[auditOf(method), effects[method.idempotency] ?? ''],
  ];
}

/** The method's name in the audit, and whether calls share an entry. */
function auditOf(method: DescMethod): string {
  return `${code(auditAction(method))}${isCoalesced(method) ? ' ×' : ''}`;
}

function formOf({ methodKind }: DescMethod): string {
  return methodKind
    .replace('_streaming', ' stream')
    .replace('bidi', 'both ways')
    .replace('both ways stream', 'both ways');
}

function code(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `\`${text}\``;
}
