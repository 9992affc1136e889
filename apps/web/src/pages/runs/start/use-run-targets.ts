import { isOperationError } from '@innkeeper/contract';
import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../../api/api.ts';
import { hasPrivilege, useMe } from '../../../api/session.ts';
import { unknownReason } from '../../../components/unknown-reason.ts';
import type { RunDraft } from './run-draft.ts';

/** As many as one run goes to. */
export const maxTargets = 1000;
const pollMs = 4000;
/** Asked for one by one up to here; more are looked for in the list of all. */
const maxSingle = 12;

export interface RunTargetView {
  readonly name: string;
  /** Why nothing will run there now; undefined when all is well. */
  readonly problem: string | undefined;
  /** It keeps the whole run from starting. */
  readonly blocking: boolean;
}

export interface RunTargets {
  /** Undefined until the first answer. */
  readonly targets: readonly RunTargetView[] | undefined;
  /** How many match in all. */
  readonly total: number;
  readonly error: Error | null;
}

/** The VMs that the draft would run on, with what stands against it on each; looked at again every few seconds. */
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
  if (!asked) return { targets: [], total: 0, error: null };
  const judge = (vm: Vm): RunTargetView => {
    const missing = hasPrivilege(me, 'guest.exec', vm) ? undefined : 'You lack the privilege guest.exec on it.';
    return { name: vm.name, problem: missing ?? absence(vm), blocking: missing !== undefined };
  };
  const missing = (data?.missing ?? []).map((name) => ({ name, problem: 'There is no such VM.', blocking: true }));
  return {
    targets: data === undefined ? undefined : [...data.found.map(judge), ...missing],
    ...{ total: data === undefined ? 0 : data.total, error },
  };
}

function absence(vm: Vm): string | undefined {
  if (vm.agent?.state === AgentState.CONNECTED) return undefined;
  return vm.state === VmState.RUNNING ? unknownReason(vm.agent) : 'The VM does not run.';
}

interface Found {
  readonly found: readonly Vm[];
  readonly missing: readonly string[];
  readonly total: number;
}

async function vmsByFilter(filter: string, signal: AbortSignal): Promise<Found> {
  const running = `${filter} state:running`;
  const { vms, total } = await api.vms.listVms({ filter: running, pageSize: maxTargets }, { signal });
  return { found: vms, missing: [], total };
}

async function vmsByName(names: readonly string[], signal: AbortSignal): Promise<Found> {
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
