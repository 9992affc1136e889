import { type ComparisonOperator, OperationError, parseVmFilter, type VmCondition } from '@innkeeper/contract';
import { agentStateName, vmStateName, vmStateWord } from '@innkeeper/contract/control';
import type { FleetEntry } from '../../ports/fleet.ts';

const comparisons: Readonly<Record<ComparisonOperator, (one: number, other: number) => boolean>> = {
  '<': (one, other) => one < other,
  '<=': (one, other) => one <= other,
  '=': (one, other) => one === other,
  '>=': (one, other) => one >= other,
  '>': (one, other) => one > other,
};

/** Compiles a filter into a predicate on VMs. Fails with INVALID_ARGUMENT, naming the invalid part. */
export function vmMatcher(filter: string): (entry: FleetEntry) => boolean {
  const { conditions, problems } = parseVmFilter(filter);
  const [problem] = problems;
  if (problem !== undefined) {
    const part = filter.slice(problem.start, Math.min(problem.end, problem.start + 40));
    throw new OperationError('INVALID_ARGUMENT', `The filter is invalid at "${part}": ${problem.message}`, {
      nextStep: 'Correct that part. The language is documented in docs/operate/filter.md.',
    });
  }
  return (entry) =>
    conditions.every((condition) => {
      const holds = judge(entry, condition);
      return holds !== undefined && holds !== condition.negated;
    });
}

/** Undefined if the value is unknown. */
function judge(entry: FleetEntry, condition: VmCondition): boolean | undefined {
  if (condition.kind === 'word') return hasWord(entry, condition.text);
  if (condition.kind === 'text') return textFields[condition.field](entry, condition.value);
  const value = numberFields[condition.field](entry);
  return value === undefined ? undefined : comparisons[condition.operator](value, condition.value);
}

type Texts = { readonly [K in TextField]: (entry: FleetEntry, value: string) => boolean | undefined };
type TextField = Extract<VmCondition, { kind: 'text' }>['field'];
type NumberField = Extract<VmCondition, { kind: 'number' }>['field'];

const textFields: Texts = {
  name: ({ vm }, value) => vm.name.includes(value),
  state: ({ vm }, value) => value === vmStateName(vm.state) || value === vmStateWord(vm),
  agent: ({ vm, outdated, silent }, value) => {
    if (value === 'outdated') return outdated;
    if (value === 'silent') return silent;
    return agentStateName(vm.agent.state) === value;
  },
  os: ({ vm: { system } }, value) =>
    system === undefined ? undefined : `${system.osId} ${system.osPrettyName}`.toLowerCase().includes(value),
  image: ({ vm }, value) => vm.image === value,
  node: ({ vm }, value) => vm.node === value,
  ip: ({ vm: { telemetry } }, value) =>
    telemetry?.interfaces.some(({ addresses }) => addresses.some(({ address }) => address.startsWith(value))),
  tag: ({ vm: { tags } }, value) => hasTag(tags, value),
};

const numberFields: Readonly<Record<NumberField, (entry: FleetEntry) => number | undefined>> = {
  cpu: ({ figures }) => figures.cpuPercent,
  mem: ({ figures }) => figures.memoryPercent,
  disk: ({ figures }) => figures.diskPercent,
  cpus: ({ vm }) => vm.cpus,
  uptime: ({ figures }) => figures.uptimeSeconds,
};

/** A plain word is searched in name, tags, image, addresses and operating system. */
function hasWord({ vm }: FleetEntry, word: string): boolean {
  const { name, image, tags, system, telemetry } = vm;
  return (
    name.includes(word) ||
    image.includes(word) ||
    Object.entries(tags).some(([key, value]) => `${key}=${value}`.toLowerCase().includes(word)) ||
    (system !== undefined && `${system.hostname} ${system.osPrettyName}`.toLowerCase().includes(word)) ||
    (telemetry?.primaryAddresses.some(({ address }) => address.startsWith(word)) ?? false)
  );
}

function hasTag(tags: Readonly<Record<string, string>>, wanted: string): boolean {
  const split = wanted.indexOf('=');
  if (split < 0) return Object.hasOwn(tags, wanted);
  const name = wanted.slice(0, split);
  return Object.hasOwn(tags, name) && tags[name] === wanted.slice(split + 1);
}
