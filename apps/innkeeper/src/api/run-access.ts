import { create } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { type Run, RunSchema, type RunSpec, RunSpecSchema } from '@innkeeper/contract/control';
import { authorize, mayDo } from '../access/authorize.ts';
import { viewerOf } from '../access/viewer-of.ts';
import { withhold } from '../access/withhold.ts';
import { ownPrefix } from '../edge/own-id.ts';
import { seesVm } from '../node/fleet/sees-vm.ts';
import type { Caller } from '../ports/caller.ts';
import type { Fleet } from '../ports/fleet.ts';

/** The caller who looks at a run, and all VMs. */
export interface RunViewer {
  readonly caller: Caller;
  readonly fleet: Fleet;
}

/**
 * A run as the caller may see it: without hidden targets, and without the fields that may contain secrets (as the
 * contract declares) unless the caller may run commands on all of its targets. Undefined when no target is visible.
 */
export function visibleRun(run: Run, viewer: RunViewer): Run | undefined {
  const { caller, fleet } = viewer;
  const targets = run.targets.filter(({ vmId }) => seesRunTarget(vmId, caller, fleet));
  if (targets.length === 0) return undefined;
  const visible = create(RunSchema, { ...run, targets });
  return mayFollow(run, viewer) ? visible : withhold(RunSchema, visible, 'vm.view', () => false);
}

/** Throws RUN_NOT_FOUND for a run that is hidden from the caller, otherwise PRIVILEGE_MISSING or COMMAND_NOT_ALLOWED. */
export function requireFollow(run: Run, viewer: RunViewer): void {
  const { caller, fleet } = viewer;
  if (visibleRun(run, viewer) === undefined) throw runNotFound(run.id);
  for (const { vmId } of run.targets) authorize(caller, 'guest.exec', fleet.find(vmId) ?? 'everywhere');
  if (isOwn(run, caller)) return;
  throw new OperationError('COMMAND_NOT_ALLOWED', 'This token can only access the runs that it started.');
}

/** The same error as for a run that does not exist. */
export function runNotFound(id: string): OperationError {
  return new OperationError('RUN_NOT_FOUND', `There is no run "${id.slice(0, 80)}".`);
}

/** A caller who may run commands in a VM may know of it, even without the privilege to list it. */
function seesRunTarget(vmId: string, caller: Caller, fleet: Fleet): boolean {
  return seesVm(viewerOf({ caller }), fleet, vmId) || mayDo(caller, 'guest.exec', fleet.find(vmId) ?? 'everywhere');
}

/** Runs on deleted VMs are visible to callers with the privilege everywhere. */
function mayFollow(run: Run, { caller, fleet }: RunViewer): boolean {
  return (
    isOwn(run, caller) && run.targets.every(({ vmId }) => mayDo(caller, 'guest.exec', fleet.find(vmId) ?? 'everywhere'))
  );
}

/** Tokens with allowed commands are limited to the runs that they started. */
function isOwn(run: Run, caller: Caller): boolean {
  return caller.allowedCommands.length === 0 || run.id.startsWith(ownPrefix(caller));
}

/** The spec without parts that may contain secrets: its script, and the values of its environment. */
export function withoutSecrets(spec: RunSpec): RunSpec {
  const environment = Object.fromEntries(Object.keys(spec.environment).map((name) => [name, '']));
  return create(RunSpecSchema, { ...spec, script: '', environment });
}
