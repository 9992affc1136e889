import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { AgentLink } from '@innkeeper/agent-client';
import { agentMethod, agentServices } from '@innkeeper/contract/agent-services';
import { vmOfCall } from '../edge/vm-address.ts';
import { explainEnd } from '../ports/explain-end.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';

/** The agent's services, each with a generic handler that serves any of its methods for the VM that the call names. */
export function agentServiceImpls(node: NodeApi): (readonly [DescService, ServiceImpl<DescService>])[] {
  return agentServices.map((service) => {
    const methods = service.methods.map((method) => [method.localName, serveMethod(method, node)]);
    return [service, Object.fromEntries(methods) as ServiceImpl<DescService>] as const;
  });
}

function serveMethod(method: DescMethod, node: NodeApi): unknown {
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
  node: NodeApi,
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
  node: NodeApi,
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

function allowedVm(node: NodeApi, headers: Headers): VmApi {
  const vm = node.vms.find(vmOfCall(headers));
  vm.assertAllowed('guest');
  return vm;
}
