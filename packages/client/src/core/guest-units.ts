import { type GetUnitResponse, type Unit, UnitAction, UnitBoot, UnitState } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';

const pageSize = 1000;
/** An agent lists at most this many; a guest that continues beyond is not followed. */
const maxUnits = 4096;

const actions = {
  start: UnitAction.START,
  stop: UnitAction.STOP,
  restart: UnitAction.RESTART,
  enable: UnitAction.ENABLE,
  disable: UnitAction.DISABLE,
} as const;

/** What can be done with a service. */
export type UnitVerb = keyof typeof actions;

export interface ControlUnitOptions extends CallOptions {
  /** Milliseconds for the guest's init system; at most 300,000. Default: 100,000. */
  readonly timeoutMs?: number | undefined;
}

/** Services of guests: units of systemd, OpenRC or SysV init. `vm` is an id or a name. Rejects with OperationError. */
export interface GuestUnits {
  /** All services by name, at most 4,096, and the name of the init system. */
  list(vm: string, options?: CallOptions): Promise<{ readonly initSystem: string; readonly units: Unit[] }>;
  /** One service, with the last lines of its log for callers with `guest.exec`. */
  get(vm: string, name: string, options?: CallOptions): Promise<GetUnitResponse>;
  /** Resolves with the service as it is afterwards. Rejects with UNIT_FAILED, UNIT_TIMEOUT or UNIT_PROTECTED. */
  control(vm: string, name: string, verb: UnitVerb, options?: ControlUnitOptions): Promise<Unit | undefined>;
}

/** Implements GuestUnits on the agent's services, for Node and browsers. */
export function createGuestUnits(agent: (vm: string) => AgentClients): GuestUnits {
  return {
    list: async (vm, options = {}) => {
      const units: Unit[] = [];
      let pageToken = '';
      for (;;) {
        const page = await agent(vm).units.list({ pageSize, pageToken }, callOptions(options));
        units.push(...page.units);
        pageToken = page.nextPageToken;
        if (pageToken === '' || units.length >= maxUnits) return { initSystem: page.initSystem, units };
      }
    },
    get: (vm, name, options = {}) => agent(vm).units.get({ name }, callOptions(options)),
    control: async (vm, name, verb, { timeoutMs = 0, ...options } = {}) => {
      const request = { name, action: actions[verb], timeoutMs };
      return (await agent(vm).units.control(request, callOptions(options))).unit;
    },
  };
}

const states: Readonly<Record<number, string>> = {
  [UnitState.STOPPED]: 'stopped',
  [UnitState.STARTING]: 'starting',
  [UnitState.RUNNING]: 'running',
  [UnitState.STARTED]: 'started',
  [UnitState.STOPPING]: 'stopping',
  [UnitState.FAILED]: 'failed',
};
const boots: Readonly<Record<number, string>> = {
  [UnitBoot.ENABLED]: 'enabled',
  [UnitBoot.DISABLED]: 'disabled',
  [UnitBoot.FIXED]: 'fixed',
  [UnitBoot.MASKED]: 'masked',
};

/** The state of a service as a word; undefined if it is not known. */
export function unitStateName({ state }: Pick<Unit, 'state'>): string | undefined {
  return states[state];
}

/** Whether a service is started at boot, as a word; undefined if it is not known. */
export function unitBootName({ boot }: Pick<Unit, 'boot'>): string | undefined {
  return boots[boot];
}
