import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { httpRoutes, socketRoutes } from '../../apps/innkeeper/src/edge/route-table.ts';
import { agentServices } from '../../packages/contract/src/agent-services.ts';
import { capabilities } from '../../packages/contract/src/capabilities.ts';
import * as control from '../../packages/contract/src/control.ts';
import { VMService } from '../../packages/contract/src/gen/compat/compute_pb.ts';
import { auditAction, methodName, OnDisconnect, rulesOf, Subject } from '../../packages/contract/src/rules/index.ts';
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

/** docs/protocol/methods.md: every method, route and socket with what is declared for it. */
export function methodDocs(): string {
  const exported: readonly unknown[] = Object.values(control);
  const services = exported.filter(isService);
  return [
    '# Methods, routes and capabilities',
    '',
    'This page is made by `npm run generate` from the options in `proto/` (`proto/options/v1` says what each means), from the table of routes and from `packages/contract/src/capabilities.ts`.',
    '',
    '## Methods of the agent',
    '',
    'Served for each VM at `/v1/vms/{vm}/innkeeper.agent.v1.<Service>/<Method>`. *effect*: `reads` changes nothing; `repeatable` may be sent twice; nothing: each call acts. *disconnect*: what becomes of the work when the session ends. *frozen*: runs while file systems are frozen. *seconds*: the deadline where the caller names none.',
    '',
    ...table(
      ['method', 'form', 'privilege', 'audit', 'effect', 'disconnect', 'frozen', 'capability', 'seconds'],
      agentServices.flatMap(({ methods }) => methods.map(agentRow)),
    ),
    '',
    '## Capabilities',
    '',
    '`welcome.capabilities` names what an agent can do in its guest; `GetSystem` says why others are missing.',
    '',
    ...table(
      ['name', 'what'],
      Object.entries(capabilities).map(([name, what]) => [code(name), what]),
    ),
    '',
    '## Methods of the control plane',
    '',
    'At `/innkeeper.control.v1.<Service>/<Method>`; `VMService` at `/limiquantix.compute.v1.VMService/<Method>`. *on*: where the caller must have the privilege; `public` and `self` need none.',
    '',
    ...table(
      ['method', 'form', 'privilege', 'on', 'audit', 'effect'],
      [...services, VMService].flatMap(({ methods }) => methods.map(controlRow)),
    ),
    '',
    '## Routes and sockets',
    '',
    'A route that is another form of a method of the agent has what is declared for the method.',
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
    ...[code(methodName(method)), formOf(method), code(privilege), code(auditAction(method))],
    ...[effects[method.idempotency] ?? '', onDisconnect === OnDisconnect.DETACH ? 'goes on' : 'stops'],
    ...[whileFrozen ? 'yes' : '', code(capability), timeoutSeconds === 0 ? '' : String(timeoutSeconds)],
  ];
}

function controlRow(method: DescMethod): string[] {
  const { privilege, subject } = rulesOf(method);
  const needsNone = privilege === 'public' || privilege === 'self';
  return [
    ...[code(methodName(method)), formOf(method), code(privilege), needsNone ? '' : (subjects[subject] ?? '')],
    ...[code(auditAction(method)), effects[method.idempotency] ?? ''],
  ];
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
