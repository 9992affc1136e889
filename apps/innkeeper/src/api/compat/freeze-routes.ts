import { FilesystemServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import {
  checkHookFolder,
  defaultQuiesceSeconds,
  frozenFilesystems,
  frozenMountPoints,
} from '@innkeeper/contract/freeze-answers';
import { freezeLeaseMs } from '@innkeeper/contract/limits';
import type { HttpApiContext } from '../api-context.ts';
import { answerJson } from './execute-route.ts';
import { JsonBody } from './json-body.ts';

/** POST /api/vms/{vm}/quiesce: freezes until thawed, or until `timeout_seconds` have passed. Nothing renews that. */
export async function quiesceRoute({ vm, call, request, response, signal }: HttpApiContext): Promise<void> {
  const body = await JsonBody.read(request, signal);
  const timeoutSeconds = body.count('timeoutSeconds') || defaultQuiesceSeconds;
  if (timeoutSeconds * 1000 > freezeLeaseMs.max)
    throw new OperationError('INVALID_ARGUMENT', `timeoutSeconds must be at most ${freezeLeaseMs.max / 1000}.`);
  checkHookFolder(body.text('preFreezeScriptDir'), 'pre-freeze.d');
  const mountPoints = body.texts('mountPoints');
  call.note({ mountPoints, timeoutSeconds });
  await call.intend();
  const id = crypto.randomUUID();
  const agent = await vm.agent({ signal });
  const report = await agent.call(
    FilesystemServiceLite.freeze,
    { id, mountPoints, leaseMs: timeoutSeconds * 1000, skipHooks: !body.flag('runPreFreezeScripts', true) },
    { signal },
  );
  answerJson(response, {
    success: true,
    frozen: frozenFilesystems(report),
    quiesceToken: report.id,
    autoThawAt: new Date(Date.now() + (report.leaseLeftMs ?? 0)).toISOString(),
    error: '',
  });
}

/** POST /api/vms/{vm}/thaw: of the token's freeze, or of whatever is frozen. */
export async function thawRoute({ vm, call, request, response, signal }: HttpApiContext): Promise<void> {
  const body = await JsonBody.read(request, signal);
  checkHookFolder(body.text('postThawScriptDir'), 'post-thaw.d');
  await call.intend();
  const agent = await vm.agent({ signal });
  const report = await agent.call(FilesystemServiceLite.thaw, { id: body.text('quiesceToken') }, { signal });
  answerJson(response, {
    success: true,
    thawedMountPoints: frozenMountPoints(report),
    frozenDurationMs: report.frozenMs ?? 0,
    error: '',
  });
}
