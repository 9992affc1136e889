import type { MessageInitShape } from '@bufbuild/protobuf';
import type { UnitSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';

export type UnitInit = MessageInitShape<typeof UnitSchema> & { readonly name: string };

/** The words of init systems for UnitAction. */
export const unitVerbs: readonly string[] = ['', 'start', 'stop', 'restart', 'enable', 'disable'];

/** The services of one init system. Names were checked by `checkUnitName`. */
export interface UnitManager {
  /** All units, sorted, at most 4,096. */
  names(): Promise<string[]>;
  /** Units by name, without those that do not exist (any more). */
  describe(names: readonly string[]): Promise<UnitInit[]>;
  /** One unit by its name or an alias, asked of the init system or its script. Rejects with UNIT_NOT_FOUND. */
  get(name: string): Promise<UnitInit>;
  /** The commands that do an action (UnitAction), in order; empty if it is so already. */
  commands(unit: UnitInit, action: number): readonly (readonly string[])[];
  /** The last lines that a unit printed, or why they are not known. */
  log(name: string): Promise<{ readonly log: string[] } | { readonly logMissing: string }>;
}

/** @throws OperationError INVALID_ARGUMENT for what cannot be the name of a unit, such as an option or a path */
export function checkUnitName(name: string): void {
  if (!/^[\w@:+\\][\w.@:+\\-]{0,254}$/.test(name))
    throw new OperationError('INVALID_ARGUMENT', `"${name.slice(0, 64)}" is not the name of a service.`);
}

export function unitNotFound(name: string): OperationError {
  return new OperationError('UNIT_NOT_FOUND', `This guest has no service "${name}".`);
}
