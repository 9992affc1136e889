import { FileHandleServiceLite as service } from '@innkeeper/contract/agent-lite';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { FileHandles } from './file-handles.ts';

export { FileHandles };

/** All methods of FileHandleService. `host` is the one whose files may be opened. */
export function fileHandleOperations(handles: FileHandles, host: Host): Operation[] {
  return [
    unaryOperation(service.open, (request) => handles.open(host, request)),
    unaryOperation(service.create, (request) => handles.create(host, request)),
    operation(service.read, async (input, context) => handles.read(await firstOf(input), context)),
    operation(service.write, (input, context) => handles.write(input, context)),
    unaryOperation(service.seek, (request) => handles.seek(request)),
    unaryOperation(service.flush, ({ handle }) => handles.flush(handle)),
    unaryOperation(service.close, ({ handle }) => handles.close(handle)),
  ];
}
