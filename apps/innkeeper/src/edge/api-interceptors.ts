import type { DescMethod, Message } from '@bufbuild/protobuf';
import { createContextKey, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { auditAction, CommandRule, isChange, isCoalesced, requestedCommand, rulesOf } from '@innkeeper/contract/rules';
import type { Log } from '@innkeeper/kit';
import { authorize } from '../access/authorize.ts';
import { mayRead, withhold } from '../access/withhold.ts';
import { redactRequest } from '../audit/redact.ts';
import { toConnectError } from './api-error.ts';
import { callMethod } from './call-method.ts';
import { type AccessRequest, type AuthorizedCall, checkPage, type Gate, type IdentifiedRequest } from './gate.ts';
import { isAgentMethod, type MethodTarget, methodTarget, type TargetNode } from './method-target.ts';
import { takeFirst } from './one-message.ts';
import { withOwnedIds } from './own-id.ts';
import { vmHeader } from './vm-address.ts';
import type { RequestFacts } from './web/request-facts.ts';

/** The facts of the request, set before a call begins. */
export const factsKey = createContextKey<RequestFacts | undefined>(undefined);
const identifiedKey = createContextKey<IdentifiedRequest | undefined>(undefined);
const callKey = createContextKey<AuthorizedCall | undefined>(undefined);

/** The request with its caller. */
export function identifiedRequestOf({ values }: Pick<HandlerContext, 'values'>): IdentifiedRequest {
  const identified = values.get(identifiedKey);
  if (identified === undefined) throw new Error('a call bypassed the gate');
  return identified;
}

/** The authorized call, to add parameters to its audit entry. */
export function authorizedCallOf({ values }: Pick<HandlerContext, 'values'>): AuthorizedCall {
  const call = values.get(callKey);
  if (call === undefined) throw new Error('a call bypassed the gate');
  return call;
}

/** Turns whatever a service throws into an error of the API; the outermost one. */
export function errorInterceptor(log: Log): Interceptor {
  return (next) => async (request) => {
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: mapErrors(response.message, log) };
    } catch (error) {
      throw toConnectError(error, log);
    }
  };
}

/** Finds out who calls, before a byte of the request is read. Strangers get no further than to what is public. */
export function identifyCall(gate: Gate, log: Log): (context: HandlerContext) => Promise<void> {
  return async ({ method, values }) => {
    try {
      const facts = values.get(factsKey);
      if (facts === undefined) throw new Error('a call without its facts');
      const privilege = rulesOf(method).privilege;
      const identified = privilege === 'public' ? await gate.identifyOrStranger(facts) : await gate.identify(facts);
      if (identified.caller.via === 'anonymous') authorize(identified.caller, privilege, 'somewhere');
      values.set(identifiedKey, identified);
    } catch (error) {
      throw toConnectError(error, log);
    }
  };
}

/** Holds every method to the privilege that it names, and writes down what changes something or works in a guest. */
export function gateInterceptor(gate: Gate, node: TargetNode): Interceptor {
  return (next) => async (request) => {
    const { method, contextValues } = request;
    const identified = identifiedRequestOf({ values: contextValues });
    const taken = request.stream ? await takeFirst(request.message) : undefined;
    const message = withOwnedIds(method.input, taken?.first ?? (request.message as Message), identified.caller);
    const wanted = await accessRequestOf(method, message, identified, { gate, node, headers: request.header });
    const call = await gate.open(wanted);
    contextValues.set(callKey, call);
    const show = <T extends Message>(answer: T): T => {
      const may = mayRead(call.caller, wanted.target, (id) => node.vms.list().find((vm) => vm.id === id));
      return withhold(method.output, answer, wanted.privilege, may);
    };
    const close = (error?: unknown): Promise<void> => call.close(error);
    return await callMethod({ call, left: request.signal, close }, async (signal) => {
      const response = await next(
        request.stream
          ? { ...request, message: taken?.from(message) ?? request.message, signal }
          : { ...request, message, signal },
      );
      if (response.stream) return { ...response, message: shown(response.message, show) };
      return { ...response, message: show(response.message) };
    });
  };
}

async function accessRequestOf(
  method: DescMethod,
  message: Message,
  identified: IdentifiedRequest,
  { gate, node, headers }: { gate: Gate; node: TargetNode; headers: Headers },
): Promise<AccessRequest> {
  const { privilege, command: commandRule } = rulesOf(method);
  const action = auditAction(method);
  const named = isAgentMethod(method) ? { vm: headers.get(vmHeader) ?? '' } : {};
  const coalesced = isCoalesced(method);
  const parameters = action === undefined || coalesced ? {} : { ...named, ...redactRequest(method.input, message) };
  const command = commandOf(commandRule, method, message);
  const audited = { action, parameters, isCoalesced: coalesced, isLong: coalesced && method.methodKind !== 'unary' };
  const common = { identified, privilege, isChange: isChange(method), ...audited, command };
  let found: MethodTarget;
  try {
    checkPage(common);
    found = await methodTarget(method, message, { caller: identified.caller, node, headers });
  } catch (error) {
    await gate.refuse({ ...common, target: 'everywhere' }, error);
    throw error;
  }
  return { ...common, ...found };
}

async function* shown<T>(messages: AsyncIterable<T>, show: (message: T) => T): AsyncIterable<T> {
  for await (const message of messages) yield show(message);
}

/** What a token that is limited to certain commands is held to; see `AccessRequest.command`. */
function commandOf(rule: CommandRule, method: DescMethod, message: Message): AccessRequest['command'] {
  switch (rule) {
    case CommandRule.REQUEST:
      return requestedCommand(method.input, message) ?? 'later';
    case CommandRule.NOTHING:
      return 'later';
    default:
      return undefined;
  }
}

async function* mapErrors<T>(messages: AsyncIterable<T>, log: Log): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw toConnectError(error, log);
  }
}
