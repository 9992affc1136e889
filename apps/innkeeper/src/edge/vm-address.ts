import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { OperationError } from '@innkeeper/contract';
import { agentServices } from '@innkeeper/contract/agent-services';

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
    throw new OperationError('INVALID_ARGUMENT', 'The call does not name a VM.', {
      nextStep: `Call it at /v1/vms/VM/SERVICE/METHOD, or send the header ${vmHeader}.`,
    });
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    throw new OperationError('INVALID_ARGUMENT', 'The name of the VM has an invalid escape.', { cause: error });
  }
}
