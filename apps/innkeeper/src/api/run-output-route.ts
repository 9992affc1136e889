import { OperationError } from '@innkeeper/contract';
import { OutputStream } from '@innkeeper/contract/agent';
import { errorHeader, toHttpError } from '../edge/api-error.ts';
import { attachment } from '../edge/attachment.ts';
import { sendPiece } from '../edge/send-body.ts';
import { endBroken } from '../edge/web/end-broken.ts';
import type { HttpApiContext } from './api-context.ts';
import { requireFollow } from './run-access.ts';

const streams: Readonly<Record<string, readonly number[]>> = {
  stdout: [OutputStream.STDOUT],
  stderr: [OutputStream.STDERR],
  both: [OutputStream.STDOUT, OutputStream.STDERR],
};

/**
 * GET /v1/runs/{id}/output?vm=V&stream=stdout|stderr|both: the retained output of one target; "both" is in the order in
 * which it arrived. `vm` is optional for a single target. An error after the first byte is reported in the trailer
 * `x-innkeeper-error`, or breaks the connection.
 */
export async function runOutputRoute(context: HttpApiContext): Promise<void> {
  const { runs, node, call, parameters, query, response, signal, log } = context;
  const id = parameters['id'] ?? '';
  const stream = query.get('stream') ?? 'both';
  call.note({ id, stream });
  const wanted = streams[stream];
  if (wanted === undefined)
    throw new OperationError('INVALID_ARGUMENT', 'The parameter "stream" must be stdout, stderr or both.');
  const run = await runs.get(id);
  requireFollow(run, { caller: call.caller, fleet: node.fleet });
  const target = findTarget(run.targets, query.get('vm') ?? '');
  let sentBytes = 0;
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    ...attachment(`run-${id}-${target.vmName}${stream === 'both' ? '' : `.${stream}`}.log`),
    trailer: 'x-innkeeper-error',
  });
  try {
    for await (const row of runs.output(id, target.vmId)) {
      if (!wanted.includes(row.stream)) continue;
      sentBytes += row.data.length;
      await sendPiece(response, row.data, signal);
    }
  } catch (error) {
    call.note({ bytes: sentBytes });
    if (signal.aborted) throw error;
    endBroken(context.request, response, errorHeader(toHttpError(error, log).body));
    await call.close(error);
    return;
  }
  call.note({ bytes: sentBytes });
  response.end();
}

interface Target {
  readonly vmId: string;
  readonly vmName: string;
}

/** The target with this id or name; the only one if none is given. */
function findTarget(targets: readonly Target[], vm: string): Target {
  const [first, ...others] = targets;
  if (vm === '' && first !== undefined && others.length === 0) return first;
  const found = targets.find(({ vmId, vmName }) => vmId === vm || vmName === vm);
  if (found !== undefined) return found;
  if (vm === '')
    throw new OperationError('INVALID_ARGUMENT', 'The run has several targets: name one in the parameter "vm".');
  throw new OperationError('VM_NOT_FOUND', `The run has no target "${vm.slice(0, 80)}".`);
}
