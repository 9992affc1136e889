import type { DescMethod, Message } from '@bufbuild/protobuf';
import { createContextKey, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { auditAction, CommandRule, isChange, requestedCommand, rulesOf } from '@innkeeper/contract/rules';
import type { Log } from '@innkeeper/kit';
import { authorize } from '../access/authorize.ts';
import { mayRead, withhold } from '../access/withhold.ts';
import { redactRequest } from '../audit/redact.ts';
import { fromConnect, toConnectError } from './api-error.ts';
import { checkPage, type Entry, type Gate, type Pass, type Visitor } from './gate.ts';
import { isAgentMethod, type MethodTarget, methodTarget, type TargetNode } from './method-target.ts';
import { takeFirst } from './one-message.ts';
import { withOwnedIds } from './own-id.ts';
import { vmHeader } from './vm-address.ts';
import type { RequestFacts } from './web/request-facts.ts';

/** Where the request came in. Set before a call begins. */
export const factsKey = createContextKey<RequestFacts | undefined>(undefined);
const visitorKey = createContextKey<Visitor | undefined>(undefined);
const passKey = createContextKey<Pass | undefined>(undefined);

/** Who makes this call. */
export function visitorOf({ values }: Pick<HandlerContext, 'values'>): Visitor {
  const visitor = values.get(visitorKey);
  if (visitor === undefined) throw new Error('a call came past the gate');
  return visitor;
}

/** What let this call in; for what its audit entry shall say besides the request. */
export function passOf({ values }: Pick<HandlerContext, 'values'>): Pass {
  const pass = values.get(passKey);
  if (pass === undefined) throw new Error('a call came past the gate');
  return pass;
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
      const visitor = privilege === 'public' ? await gate.identifyOrStranger(facts) : await gate.identify(facts);
      if (visitor.caller.via === 'anonymous') authorize(visitor.caller, privilege, 'somewhere');
      values.set(visitorKey, visitor);
    } catch (error) {
      throw toConnectError(error, log);
    }
  };
}

/** Holds every method to the privilege that it names, and writes down what changes something or works in a guest. */
export function gateInterceptor(gate: Gate, node: TargetNode): Interceptor {
  return (next) => async (request) => {
    const { method, contextValues } = request;
    const visitor = visitorOf({ values: contextValues });
    const taken = request.stream ? await takeFirst(request.message) : undefined;
    const message = withOwnedIds(method.input, taken?.first ?? (request.message as Message), visitor.caller);
    const entry = await entryOf(method, message, visitor, { gate, node, headers: request.header });
    const pass = await gate.open(entry);
    contextValues.set(passKey, pass);
    const signal = AbortSignal.any([request.signal, pass.signal]);
    try {
      const response = await next(
        request.stream
          ? { ...request, message: taken?.from(message) ?? request.message, signal }
          : { ...request, message, signal },
      );
      const show = <T extends Message>(answer: T): T => {
        const may = mayRead(pass.caller, entry.target, (id) => node.vms.list().find((vm) => vm.id === id));
        return withhold(method.output, answer, entry.privilege, may);
      };
      if (response.stream) return { ...response, message: untilClosed(shown(response.message, show), pass) };
      await pass.close();
      return { ...response, message: show(response.message) };
    } catch (error) {
      const why = pass.signal.aborted ? pass.signal.reason : fromConnect(error);
      await pass.close(why);
      throw why;
    }
  };
}

async function entryOf(
  method: DescMethod,
  message: Message,
  visitor: Visitor,
  { gate, node, headers }: { gate: Gate; node: TargetNode; headers: Headers },
): Promise<Entry> {
  const { privilege, command: commandRule } = rulesOf(method);
  const action = auditAction(method);
  const named = isAgentMethod(method) ? { vm: headers.get(vmHeader) ?? '' } : {};
  const parameters = action === undefined ? {} : { ...named, ...redactRequest(method.input, message) };
  const command = commandOf(commandRule, method, message);
  const common = { visitor, privilege, isChange: isChange(method), action, parameters, command };
  let found: MethodTarget;
  try {
    checkPage(common);
    found = await methodTarget(method, message, { caller: visitor.caller, node, headers });
  } catch (error) {
    await gate.refuse({ ...common, target: 'everywhere' }, error);
    throw error;
  }
  return { ...common, ...found };
}

async function* shown<T>(messages: AsyncIterable<T>, show: (message: T) => T): AsyncIterable<T> {
  for await (const message of messages) yield show(message);
}

/** What a token that is limited to certain commands is held to; see `Entry.command`. */
function commandOf(rule: CommandRule, method: DescMethod, message: Message): Entry['command'] {
  switch (rule) {
    case CommandRule.REQUEST:
      return requestedCommand(method.input, message) ?? 'later';
    case CommandRule.NOTHING:
      return 'later';
    default:
      return undefined;
  }
}

async function* untilClosed<T>(messages: AsyncIterable<T>, pass: Pass): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    const why = pass.signal.aborted ? pass.signal.reason : fromConnect(error);
    await pass.close(why);
    throw why;
  } finally {
    await pass.close();
  }
}

async function* mapErrors<T>(messages: AsyncIterable<T>, log: Log): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw toConnectError(error, log);
  }
}
