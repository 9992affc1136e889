import { Code, type ConnectError } from '@connectrpc/connect';
import { OperationError, type ReasonName, type WireError } from '@innkeeper/contract/errors';

/** Reasons for Connect codes, used when the server sent no reason. */
const reasonOfCode: Readonly<Partial<Record<Code, ReasonName>>> = {
  [Code.Canceled]: 'CANCELED',
  [Code.DeadlineExceeded]: 'DEADLINE_EXCEEDED',
  [Code.Unimplemented]: 'UNKNOWN_METHOD',
  [Code.Unavailable]: 'DAEMON_UNREACHABLE',
};

/** Converts a call's error to an OperationError; the reason and the next step are in its headers. */
export function fromConnectError(error: ConnectError): OperationError {
  const { metadata, rawMessage, code } = error;
  const nextStep = metadata.get('x-innkeeper-next-step');
  return OperationError.fromWire(
    {
      reason: metadata.get('x-innkeeper-reason'),
      message: rawMessage,
      nextStep: nextStep === null ? undefined : decodePercent(nextStep),
    },
    { reason: reasonOfCode[code], message: rawMessage, cause: error },
  );
}

/** Decodes percent-encoded text; returns it unchanged if it is malformed. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // URIError: show it undecoded, which is better than losing the error.
    return text;
  }
}

/** Parses the JSON error body of HTTP routes and WebSockets; `fallback` is the message if there is none. */
export function fromErrorBody(body: string, fallback: string): OperationError {
  try {
    return OperationError.fromWire(JSON.parse(body) as WireError, { message: fallback });
  } catch {
    // Not JSON: a proxy's response, or a body that was cut off.
    return new OperationError('INTERNAL', fallback);
  }
}

/** Converts an error that the daemon sent as a WebSocket text message. */
export function fromSocketMessage(message: WireError): OperationError {
  return OperationError.fromWire(message, { message: 'The daemon reported an error.' });
}
