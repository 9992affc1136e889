import { type UnitVerb, unitBootName, unitStateName } from '@innkeeper/client/browser';
import { type Unit, UnitBoot, UnitState } from '@innkeeper/contract/agent';
import { quoteWord } from '@innkeeper/kit';

/** States that the page offers as a filter, by their word. */
export const stateFilters = ['running', 'started', 'stopped', 'failed'] as const;

type Shown = Pick<Unit, 'name' | 'description' | 'state' | 'boot'>;

/** Keeps services in the state, if one is given, that contain all words in name, description, state or boot. */
export function filterServices<T extends Shown>(units: readonly T[], text: string, state: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return units.filter((unit) => {
    const stateName = unitStateName(unit) ?? '';
    if (state !== '' && stateName !== state) return false;
    const searched = `${unit.name} ${unit.description} ${stateName} ${unitBootName(unit) ?? ''}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** The failed ones first, then by name, as the guest sends them. */
export function failedFirst<T extends Pick<Unit, 'state'>>(units: readonly T[]): T[] {
  const isFailed = ({ state }: T): boolean => state === UnitState.FAILED;
  return [...units.filter(isFailed), ...units.filter((unit) => !isFailed(unit))];
}

export interface ServiceAction {
  readonly verb: UnitVerb;
  readonly label: string;
  /** What happened to the service: "stopped". */
  readonly done: string;
  /** What it stops, for the confirmation; undefined: no confirmation. */
  readonly consequence?: string;
}

/** What the menu of a service offers. */
export const serviceActions: readonly ServiceAction[] = [
  { verb: 'start', label: 'Start', done: 'started' },
  {
    verb: 'restart',
    label: 'Restart',
    done: 'restarted',
    consequence: 'Its processes are ended and started again; its connections are cut.',
  },
  {
    verb: 'stop',
    label: 'Stop',
    done: 'stopped',
    consequence: 'Its processes are ended. Services that need it are stopped too.',
  },
  { verb: 'enable', label: 'Enable at boot', done: 'enabled' },
  {
    verb: 'disable',
    label: 'Disable at boot',
    done: 'disabled',
    consequence: 'It is not started at the next boot. It is not stopped now.',
  },
];

/** Why an action is not possible on a service; undefined if it is. */
export function actionRefusal({ agent, boot, state }: Unit, verb: UnitVerb): string | undefined {
  if (agent && verb !== 'start' && verb !== 'enable')
    return 'This is the agent that carries out the action; do it on the console';
  if (verb === 'start' && state === UnitState.RUNNING) return 'It is running';
  if (verb === 'stop' && state === UnitState.STOPPED) return 'It is stopped';
  if (boot === UnitBoot.MASKED && verb !== 'stop') return 'It is masked: nothing can start it';
  if (verb !== 'enable' && verb !== 'disable') return undefined;
  if (boot === UnitBoot.FIXED) return 'Other services or a generator decide when it is started';
  if (boot === UnitBoot.ENABLED && verb === 'enable') return 'It is enabled';
  return boot === UnitBoot.DISABLED && verb === 'disable' ? 'It is disabled' : undefined;
}

/** The `inn` command of an action. */
export function serviceCommand(vm: string, verb: UnitVerb | 'show', name: string): string {
  return `inn services ${verb} ${quoteWord(vm)} ${quoteWord(name)}`;
}

/** The `inn` command that lists the services. */
export function listServicesCommand(vm: string, state: string): string {
  return `inn services ls ${quoteWord(vm)}${state === '' ? '' : ` --state ${state}`}`;
}
