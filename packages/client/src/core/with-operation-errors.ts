import type { DescService } from '@bufbuild/protobuf';
import type { CallOptions, Client } from '@connectrpc/connect';
import { linkSignals } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';

type Call = (input: unknown, options?: CallOptions) => Promise<unknown> | AsyncIterable<unknown>;

type HeadersOfCall = Readonly<Record<string, string>>;

/**
 * Wraps a Connect client: its calls carry `headers`, and calls and streams reject with OperationError. A stream that
 * its reader leaves is also ended on the server, which Connect's own client does not do.
 */
export function withOperationErrors<Desc extends DescService>(
  desc: Desc,
  client: Client<Desc>,
  { toError, headers }: { readonly toError: (error: unknown) => unknown; readonly headers?: HeadersOfCall | undefined },
): Client<Desc> {
  const withHeaders = (options: CallOptions = {}): CallOptions =>
    headers === undefined
      ? options
      : { ...options, headers: { ...Object.fromEntries(new Headers(options.headers)), ...headers } };
  const streams = new Set<PropertyKey>(
    desc.methods.filter(({ methodKind }) => methodKind !== 'unary').map(({ localName }) => localName),
  );
  return new Proxy(client, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      const call = method.bind(target) as Call;
      if (streams.has(name))
        return (input: unknown, options?: CallOptions) => stream(call, input, withHeaders(options), toError);
      return async (input: unknown, options?: CallOptions) => {
        try {
          return await call(input, withHeaders(options));
        } catch (error) {
          throw options?.signal?.aborted === true ? abortError(options.signal) : toError(error);
        }
      };
    },
  });
}

async function* stream(
  call: Call,
  input: unknown,
  options: CallOptions,
  toError: (error: unknown) => unknown,
): AsyncGenerator<unknown> {
  const left = linkSignals(options.signal);
  try {
    yield* call(input, { ...options, signal: left.signal }) as AsyncIterable<unknown>;
  } catch (error) {
    throw options.signal?.aborted === true ? abortError(options.signal) : toError(error);
  } finally {
    left.abort();
    left.unlink();
  }
}
