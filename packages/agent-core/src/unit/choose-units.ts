import type { Host } from '../host.ts';
import { ScriptUnits } from './script-units.ts';
import type { ServiceInit } from './service-init.ts';
import { SystemdUnits } from './systemd-units.ts';
import type { UnitManager } from './unit-manager.ts';

export function createUnitManager(host: Host, init: ServiceInit): UnitManager {
  return init === 'systemd' ? new SystemdUnits(host) : new ScriptUnits(host, init === 'openrc');
}
