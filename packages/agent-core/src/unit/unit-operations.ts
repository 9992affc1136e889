import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ControlUnitRequest, ListUnitsRequest, ListUnitsResponseSchema } from '@innkeeper/contract/agent';
import { UnitAction, UnitBoot, UnitServiceLite, UnitState } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxPageSize, unitControlMs } from '@innkeeper/contract/limits';
import { AnswerRoom } from '../answer-room.ts';
import { type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { createUnitManager } from './choose-units.ts';
import { isPowerUnit } from './own-unit.ts';
import { type ServiceInit, serviceInit } from './service-init.ts';
import { checkUnitName, type UnitInit, type UnitManager, unitVerbs } from './unit-manager.ts';

/** Maximum bytes of a Unit's numbers and tags. */
const unitBytes = 96;
const maxOutputChars = 1000;
/**
 * List, Get and Control of the guest's services.
 * @param noLogs why Get shows no lines of their logs; undefined: it does
 */
export function unitOperations(host: Host, noLogs: string | undefined): Operation[] {
  const manager = (): UnitManager => createUnitManager(host, initOf(host));
  return [
    unaryOperation(UnitServiceLite.list, async (request) => ({
      initSystem: initOf(host),
      ...(await listUnits(manager(), request)),
    })),
    unaryOperation(UnitServiceLite.get, async ({ name }) => {
      checkUnitName(name);
      const units = manager();
      const unit = await units.get(name);
      return { unit, ...(noLogs === undefined ? await units.log(unit.name) : { logMissing: noLogs }) };
    }),
    unaryOperation(UnitServiceLite.control, async (request) => ({
      unit: await controlUnit(host, manager, request),
    })),
  ];
}

function initOf(host: Host): ServiceInit {
  const found = serviceInit(host);
  if ('init' in found) return found.init;
  throw new OperationError('UNSUPPORTED_BY_AGENT', `Services cannot be managed: ${found.reason}.`);
}

async function listUnits(
  units: UnitManager,
  { pageSize, pageToken }: ListUnitsRequest,
): Promise<MessageInitShape<typeof ListUnitsResponseSchema>> {
  if (pageSize > maxPageSize) throw new OperationError('INVALID_ARGUMENT', `page_size must be at most ${maxPageSize}.`);
  if (pageToken !== '') checkUnitName(pageToken);
  const all = await units.names();
  const rest = all.filter((name) => name > pageToken);
  const wanted = rest.slice(0, pageSize || defaultPageSize);
  const described = await units.describe(wanted);
  const room = new AnswerRoom();
  const cut = described.findIndex(
    ({ name, description = '', detail = '' }) => !room.take([name, description, detail], unitBytes),
  );
  const page = cut < 0 ? described : described.slice(0, cut);
  const last = cut < 0 ? wanted.at(-1) : page.at(-1)?.name;
  const isWhole = cut < 0 && wanted.length === rest.length;
  return { units: page, total: all.length, nextPageToken: isWhole ? '' : (last ?? '') };
}

/** @throws OperationError INVALID_ARGUMENT, UNIT_NOT_FOUND, UNIT_PROTECTED, UNIT_FAILED, UNIT_TIMEOUT */
async function controlUnit(
  host: Host,
  manager: () => UnitManager,
  { name, action, timeoutMs }: ControlUnitRequest,
): Promise<UnitInit> {
  checkUnitName(name);
  const verb = unitVerbs[action] ?? '';
  if (verb === '') throw new OperationError('INVALID_ARGUMENT', 'action is missing or unknown.');
  if (timeoutMs > unitControlMs.max)
    throw new OperationError('INVALID_ARGUMENT', `timeout_ms is ${timeoutMs}; the maximum is ${unitControlMs.max}.`);
  const units = manager();
  const unit = await units.get(name);
  checkPossible(unit, action, verb);
  const endMs = host.clock.monotonicMs() + (timeoutMs || unitControlMs.default);
  for (const argv of units.commands(unit, action)) {
    const leftMs = Math.max(endMs - host.clock.monotonicMs(), 1);
    const { exitCode, stdout, stderr, timedOut } = await host.jobs.run(argv, { timeoutMs: leftMs, keepLate: true });
    const said = (stderr + stdout).trim().slice(-maxOutputChars);
    if (timedOut === true)
      throw new OperationError(
        'UNIT_TIMEOUT',
        `${argv[0]} was killed: it did not ${verb} ${unit.name} in time. ${said}`.trim(),
      );
    if (exitCode !== 0)
      throw failed(verb, unit.name, `exit code ${exitCode ?? 'unknown'}${said === '' ? '' : `: ${said}`}`);
  }
  const after = await units.get(unit.name);
  if (action === UnitAction.ENABLE && after.boot !== UnitBoot.ENABLED)
    throw failed(verb, unit.name, 'it is still not enabled');
  if (action === UnitAction.DISABLE && after.boot === UnitBoot.ENABLED)
    throw failed(verb, unit.name, 'it is still enabled');
  if ((action === UnitAction.START || action === UnitAction.RESTART) && after.state === UnitState.FAILED)
    throw failed(verb, unit.name, 'it failed right after its start');
  return after;
}

function checkPossible({ name, agent, boot }: UnitInit, action: number, verb: string): void {
  if (boot === UnitBoot.FIXED && (action === UnitAction.ENABLE || action === UnitAction.DISABLE))
    throw failed(verb, name, 'other units or a generator decide when it is started');
  const starts = action === UnitAction.START || action === UnitAction.RESTART;
  if (starts && isPowerUnit(name))
    throw new OperationError('UNIT_PROTECTED', `${name} ends the guest: use inn stop or inn reboot.`);
  if (agent === true && action !== UnitAction.START && action !== UnitAction.ENABLE)
    throw new OperationError(
      'UNIT_PROTECTED',
      `${name} is the agent itself: to ${verb} it would cut off the guest. Do it on the console (inn console) or over SSH.`,
    );
}

function failed(verb: string, name: string, why: string): OperationError {
  return new OperationError('UNIT_FAILED', `Could not ${verb} ${name}: ${why}.`);
}
