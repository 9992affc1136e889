import { getOption } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import { privilege } from '@innkeeper/contract/control';
import type { Log } from '@innkeeper/kit';
import { toConnectError } from './api-error.ts';
import { type Authorize, socketOwner } from './authorize.ts';

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

/** Holds every method to the privilege that it names. */
export function privilegeInterceptor(authorize: Authorize): Interceptor {
  return (next) => async (request) => {
    authorize(socketOwner, getOption(request.method, privilege));
    return await next(request);
  };
}

async function* mapErrors<T>(messages: AsyncIterable<T>, log: Log): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw toConnectError(error, log);
  }
}
