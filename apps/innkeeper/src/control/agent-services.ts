import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { AgentLink } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { agentMethod, agentServices } from '@innkeeper/contract/agent-services';
import { explainEnd } from './explain-end.ts';
import type { NodeOfControl, VmOfControl } from './node-of-control.ts';

/** Names the VM of a call to a method of the agent: its id or name, percent-encoded. */
export const vmHeader = 'innkeeper-vm';

const vmPath = /^\/v1\/vms\/([^/?]+)(\/innkeeper\.agent\.v1\.[A-Za-z]+\/[A-Za-z]+(?:\?.*)?)$/;

/**
 * Makes a call under a VM's path, "/v1/vms/web/innkeeper.agent.v1.FileService/Stat", one on the plain path that names the
 * VM in its header, as clients that cannot have a prefix send it.
 */
export function readVmPath(request: IncomingMessage | Http2ServerRequest): void {
  const [, vm, path] = vmPath.exec(request.url ?? '') ?? [];
  if (vm === undefined || path === undefined) return;
  request.headers[vmHeader] = vm;
  request.url = path;
}

/** Calls whose requests are a stream, and may take as long as they like. */
const streamPaths: ReadonlySet<string> = new Set(
  agentServices
    .flatMap(({ methods }) => methods)
    .filter(({ methodKind }) => methodKind === 'bidi_streaming' || methodKind === 'client_streaming')
    .map(({ parent, name }) => `/${parent.typeName}/${name}`),
);

/** Whether a call's request is as long as what it carries, such as a file. */
export function takesStream(url = ''): boolean {
  return streamPaths.has(url.split('?', 1)[0] ?? '');
}

/** The VM that a call names. Throws INVALID_ARGUMENT when it names none. */
export function vmOfCall(headers: Headers): string {
  const encoded = headers.get(vmHeader) ?? '';
  if (encoded === '')
    throw new OperationError('INVALID_ARGUMENT', 'The call does not say which VM it is for.', {
      nextStep: `Call it at /v1/vms/VM/SERVICE/METHOD, or send the header ${vmHeader}.`,
    });
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    throw new OperationError('INVALID_ARGUMENT', 'The name of the VM has an invalid escape.', { cause: error });
  }
}

/** Each service of the agent with what serves it: any method, for the VM that the call names, without knowing it. */
export function agentServiceImpls(node: NodeOfControl): (readonly [DescService, ServiceImpl<DescService>])[] {
  return agentServices.map((service) => {
    const methods = service.methods.map((method) => [method.localName, serveMethod(method, node)]);
    return [service, Object.fromEntries(methods) as ServiceImpl<DescService>] as const;
  });
}

function serveMethod(method: DescMethod, node: NodeOfControl): unknown {
  const carried = agentMethod(method);
  const optionsOf = ({ signal, timeoutMs }: HandlerContext) => ({ signal, timeoutMs: timeoutMs() });
  switch (method.methodKind) {
    case 'unary':
      return async (request: Message, context: HandlerContext): Promise<Message> =>
        await inGuest(node, context, async (agent) => await agent.call(carried, request, optionsOf(context)));
    case 'server_streaming':
      return (request: Message, context: HandlerContext) =>
        streamInGuest(node, context, (agent) => agent.stream(carried, once(request), optionsOf(context)));
    default:
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        streamInGuest(node, context, (agent) => agent.stream(carried, requests, optionsOf(context)));
  }
}

async function* once<T>(request: T): AsyncGenerator<T> {
  yield request;
}

async function inGuest<T>(
  node: NodeOfControl,
  { requestHeader, signal }: HandlerContext,
  work: (agent: AgentLink) => Promise<T>,
): Promise<T> {
  const vm = allowedVm(node, requestHeader);
  try {
    return await work(await vm.agent({ signal }));
  } catch (error) {
    throw await explainEnd(error, vm, signal);
  }
}

async function* streamInGuest(
  node: NodeOfControl,
  { requestHeader, signal }: HandlerContext,
  work: (agent: AgentLink) => AsyncIterable<Message>,
): AsyncGenerator<Message> {
  const vm = allowedVm(node, requestHeader);
  try {
    yield* work(await vm.agent({ signal }));
  } catch (error) {
    throw await explainEnd(error, vm, signal);
  }
}

function allowedVm(node: NodeOfControl, headers: Headers): VmOfControl {
  const vm = node.vms.find(vmOfCall(headers));
  vm.assertAllowed('guest');
  return vm;
}
