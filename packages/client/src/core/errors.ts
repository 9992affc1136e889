import { Code, type ConnectError } from '@connectrpc/connect';
import { OperationError, type ReasonName, type WireError } from '@innkeeper/contract/errors';

/** Connect's codes that have a reason of their own when the server names none. */
const reasonOfCode: Readonly<Partial<Record<Code, ReasonName>>> = {
  [Code.Canceled]: 'CANCELED',
  [Code.DeadlineExceeded]: 'DEADLINE_EXCEEDED',
  [Code.Unimplemented]: 'UNKNOWN_METHOD',
  [Code.Unavailable]: 'DAEMON_UNREACHABLE',
};

/** What a call answered, as OperationError: the reason and the next step are in its headers. */
export function fromConnectError(error: ConnectError): OperationError {
  const { metadata, rawMessage, code } = error;
  const nextStep = metadata.get('x-innkeeper-next-step');
  return OperationError.fromWire(
    {
      reason: metadata.get('x-innkeeper-reason'),
      message: rawMessage,
      nextStep: nextStep === null ? undefined : decoded(nextStep),
    },
    { reason: reasonOfCode[code], message: rawMessage, cause: error },
  );
}

/** Percent-encoded text; as it is where that is broken. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // URIError: shown as it came, which is better than losing the error it belongs to.
    return text;
  }
}

/** The JSON that HTTP routes and WebSockets answer with, as an error; `fallback` is said where there is none. */
export function fromErrorBody(body: string, fallback: string): OperationError {
  try {
    return OperationError.fromWire(JSON.parse(body) as WireError, { message: fallback });
  } catch {
    // No JSON: a proxy, or a daemon that broke in the middle.
    return new OperationError('INTERNAL', fallback);
  }
}

/** An error that the daemon wrote in a text message of a WebSocket. */
export function fromSocketMessage(message: WireError): OperationError {
  return OperationError.fromWire(message, { message: 'The daemon reported an error.' });
}
