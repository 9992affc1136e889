import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { createClient, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { callerHeader, encodeCaller } from '../access/forwarded-caller.ts';
import { identifiedRequestOf } from '../edge/api-interceptors.ts';
import { vmHeader } from '../edge/vm-address.ts';
import type { NodeLink } from './node-link.ts';
import { fromNodeError } from './node-unreachable.ts';

interface CallOptions {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}
type Unary = (request: object, options: CallOptions) => Promise<object>;
type Streaming = (request: object, options: CallOptions) => AsyncIterable<object>;

/** Serves a service by calling the same methods of the node, in the caller's name. */
export function forwardService<Service extends DescService>(service: Service, link: NodeLink): ServiceImpl<Service> {
  const plain = createClient(service, link.transport) as Readonly<Record<string, unknown>>;
  const streams = createClient(service, link.streams) as Readonly<Record<string, unknown>>;
  const methods = service.methods.map((method) => {
    const client = method.methodKind === 'bidi_streaming' ? streams : plain;
    return [method.localName, forwardMethod(method, client, link)];
  });
  return Object.fromEntries(methods) as ServiceImpl<Service>;
}

function forwardMethod(method: DescMethod, client: Readonly<Record<string, unknown>>, link: NodeLink): unknown {
  const call = client[method.localName];
  switch (method.methodKind) {
    case 'unary':
      return async (request: object, context: HandlerContext) => {
        try {
          const answer = await (call as Unary)(request, optionsOf(context));
          link.note(true);
          return answer;
        } catch (error) {
          throw fromNodeError(error, link, context.signal);
        }
      };
    case 'server_streaming':
    case 'bidi_streaming':
      return async function* (request: object, context: HandlerContext) {
        try {
          for await (const message of (call as Streaming)(request, optionsOf(context))) {
            link.note(true);
            yield message;
          }
        } catch (error) {
          throw fromNodeError(error, link, context.signal);
        }
      };
    default:
      throw new Error(`${method.parent.name}/${method.name} streams only its requests, which nothing here forwards`);
  }
}

function optionsOf(context: HandlerContext): CallOptions {
  const timeoutMs = context.timeoutMs();
  const vm = context.requestHeader.get(vmHeader);
  return {
    headers: {
      [callerHeader]: encodeCaller(identifiedRequestOf(context).caller),
      ...(vm === null ? {} : { [vmHeader]: vm }),
    },
    signal: context.signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}
