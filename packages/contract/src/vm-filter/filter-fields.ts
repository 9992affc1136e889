import { vmStates } from '../vm-states.ts';

/** Values of `state:`. `panicked` is running or paused, with a guest whose kernel panicked. */
export const vmStateWords = [...vmStates, 'panicked'] as const;

/**
 * Values of `agent:`. In addition to the agent's states: `outdated` is connected and older than the daemon's agent binary,
 * `silent` belongs to a running VM and is not reporting, although the guest has had time to boot.
 */
const agentWords = ['connected', 'waiting', 'lost', 'absent', 'off', 'paused', 'outdated', 'silent'] as const;

/** The fields of a filter, each with an example for messages and help. */
export const filterFields = {
  name: { kind: 'text', example: 'name:web', help: 'name contains' },
  state: { kind: 'text', words: vmStateWords, example: 'state:running', help: 'state is' },
  agent: { kind: 'text', words: agentWords, example: 'agent:outdated', help: 'agent is' },
  os: { kind: 'text', example: 'os:debian', help: 'operating system contains' },
  image: { kind: 'text', example: 'image:tiny', help: 'image is' },
  node: { kind: 'text', example: 'node:1f0e72aa-…', help: 'id of the node is' },
  ip: { kind: 'text', example: 'ip:10.0.', help: 'an address begins with' },
  tag: {
    kind: 'text',
    caseSensitive: true,
    example: 'tag:env=prod',
    help: 'has the tag, with the value if one is given',
  },
  mem: { kind: 'number', unit: 'percentage', parse: parsePercent, example: 'mem>80', help: 'memory used, in percent' },
  cpu: { kind: 'number', unit: 'percentage', parse: parsePercent, example: 'cpu<5', help: 'CPU busy, in percent' },
  disk: {
    kind: 'number',
    unit: 'percentage',
    parse: parsePercent,
    example: 'disk>=90',
    help: 'fullest mount, in percent',
  },
  cpus: { kind: 'number', unit: 'number', parse: parseCount, example: 'cpus>=4', help: 'number of CPUs' },
  uptime: {
    kind: 'number',
    unit: 'duration',
    parse: parseSeconds,
    example: 'uptime>2d',
    help: 'time since the guest booted',
  },
} as const;

export type FilterFieldName = keyof typeof filterFields;

/** Whether a word is a field name. */
export function isFilterField(text: string): text is FilterFieldName {
  return Object.hasOwn(filterFields, text);
}

function parsePercent(text: string): number | undefined {
  return parseCount(text.replace(/%$/, ''));
}

function parseCount(text: string): number | undefined {
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function parseSeconds(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)([smhdw])$/.exec(text);
  const seconds = unitSeconds[match?.[2] ?? ''];
  return match === null || seconds === undefined ? undefined : Number(match[1]) * seconds;
}
