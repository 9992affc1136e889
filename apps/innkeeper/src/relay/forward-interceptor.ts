import type { Message } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import { auditAction, isChange, isCoalesced } from '@innkeeper/contract/rules';
import { redactRequest } from '../audit/redact.ts';
import { identifiedRequestOf } from '../edge/api-interceptors.ts';
import { callMethod } from '../edge/call-method.ts';
import type { Gate } from '../edge/gate.ts';
import { takeFirst } from '../edge/one-message.ts';
import { closeForward, type ForwardAccess, openForward } from './forward-gate.ts';

/** Passes calls for the node, and ends them when their caller's session or token becomes invalid. */
export function forwardInterceptor(gate: Gate): Interceptor {
  return (next) => async (request) => {
    const { method, contextValues } = request;
    const taken = request.stream ? await takeFirst(request.message) : undefined;
    const message = taken?.first ?? (request.message as Message);
    // A read that does not reach the node reveals nothing.
    const action = isCoalesced(method) ? undefined : auditAction(method);
    const wanted: ForwardAccess = {
      identified: identifiedRequestOf({ values: contextValues }),
      isChange: isChange(method),
      action,
      parameters: action === undefined ? {} : redactRequest(method.input, message),
    };
    const call = await openForward(gate, wanted);
    const close = (error?: unknown): Promise<void> => closeForward(gate, wanted, call, error);
    return await callMethod({ call, left: request.signal, close }, (signal) =>
      next(
        request.stream
          ? { ...request, message: taken?.from(taken.first) ?? request.message, signal }
          : { ...request, signal },
      ),
    );
  };
}
