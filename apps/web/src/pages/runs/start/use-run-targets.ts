import { isOperationError } from '@innkeeper/contract';
import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../../api/api.ts';
import { hasPrivilege, useMe } from '../../../api/session.ts';
import { unknownReason } from '../../../components/unknown-reason.ts';
import type { RunDraft } from './run-draft.ts';

/** Maximum number of targets of a run. */
export const maxTargets = 1000;
const pollMs = 4000;
/** Up to this many VMs are requested one by one; more are searched for in the list of all VMs. */
const maxSingle = 12;

export interface RunTargetView {
  readonly name: string;
  /** Why the run would fail there; undefined if it can run. */
  readonly problem: string | undefined;
  /** The problem prevents the whole run. */
  readonly blocking: boolean;
}

export interface RunTargets {
  /** Undefined until the first response. */
  readonly targets: readonly RunTargetView[] | undefined;
  /** Total number of matches. */
  readonly total: number;
  readonly error: Error | null;
}

/** The draft's target VMs with the problem of each, refreshed every 4 s. */
export function useRunTargets({ where, vms, filter }: RunDraft, valid: boolean): RunTargets {
  const { me } = useMe();
  const asked = where === 'vms' ? vms.length > 0 : filter.trim() !== '' && valid;
  const { data, error } = useQuery({
    queryKey: ['run-targets', where, where === 'vms' ? vms : filter],
    queryFn: ({ signal }) => (where === 'vms' ? vmsByName(vms, signal) : vmsByFilter(filter, signal)),
    enabled: asked,
    refetchInterval: pollMs,
    placeholderData: (before) => before,
  });
  // Nothing is known about a filter that cannot be read; an empty one has no targets.
  if (!asked) return { targets: where === 'filter' && !valid ? undefined : [], total: 0, error: null };
  const toView = (vm: Vm): RunTargetView => {
    const missing = hasPrivilege(me, 'guest.exec', vm) ? undefined : 'You lack the privilege guest.exec on this VM.';
    return { name: vm.name, problem: missing ?? unavailableReason(vm), blocking: missing !== undefined };
  };
  const missing = (data?.missing ?? []).map((name) => ({ name, problem: 'There is no such VM.', blocking: true }));
  return {
    targets: data === undefined ? undefined : [...data.found.map(toView), ...missing],
    total: data === undefined ? 0 : data.total,
    error,
  };
}

function unavailableReason(vm: Vm): string | undefined {
  if (vm.agent?.state === AgentState.CONNECTED) return undefined;
  return vm.state === VmState.RUNNING ? unknownReason(vm.agent) : 'The VM is not running.';
}

interface LookupResult {
  readonly found: readonly Vm[];
  readonly missing: readonly string[];
  readonly total: number;
}

async function vmsByFilter(filter: string, signal: AbortSignal): Promise<LookupResult> {
  const running = `${filter} state:running`;
  const { vms, total } = await api.vms.listVms({ filter: running, pageSize: maxTargets }, { signal });
  return { found: vms, missing: [], total };
}

async function vmsByName(names: readonly string[], signal: AbortSignal): Promise<LookupResult> {
  const found = names.length <= maxSingle ? await oneByOne(names, signal) : await fromList(names, signal);
  const known = new Set(found.flatMap(({ id, name }) => [id, name]));
  return { found, missing: names.filter((name) => !known.has(name)), total: names.length };
}

async function oneByOne(names: readonly string[], signal: AbortSignal): Promise<Vm[]> {
  const answers = await Promise.all(
    names.map((vm) =>
      api.vms.getVm({ vm }, { signal }).catch((error: unknown) => {
        if (isOperationError(error) && error.reason === 'VM_NOT_FOUND') return undefined;
        throw error;
      }),
    ),
  );
  return answers.filter((vm) => vm !== undefined);
}

async function fromList(names: readonly string[], signal: AbortSignal): Promise<Vm[]> {
  const wanted = new Set(names);
  const found: Vm[] = [];
  for (let offset = 0; ; offset += maxTargets) {
    const { vms, total } = await api.vms.listVms({ pageSize: maxTargets, offset }, { signal });
    found.push(...vms.filter(({ id, name }) => wanted.has(name) || wanted.has(id)));
    if (found.length >= wanted.size || offset + vms.length >= total || vms.length === 0) return found;
  }
}
