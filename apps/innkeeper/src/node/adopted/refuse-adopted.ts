import { OperationError, type VmAction } from '@innkeeper/contract';
import type { VmRunner } from '../vm/vm-runner.ts';

/** What only the agent does. Everything else is up to whoever runs the VM. */
const agentActions: readonly string[] = ['guest'];

/** What to do instead. */
const nextSteps: Readonly<Partial<Record<string, (name: string) => string>>> = {
  stop: (name) => `Ask the guest itself: inn shutdown ${name}.`,
  delete: (name) => `To forget it: inn release ${name}.`,
};

/** Throws UNSUPPORTED_BY_DRIVER for an action on a VM that somebody else runs, unless its agent does it. */
export function refuseAdopted({ row, isAdopted }: VmRunner, action: VmAction | 'change'): void {
  if (!isAdopted || agentActions.includes(action)) return;
  const nextStep = nextSteps[action]?.(row.name) ?? 'Do it where the VM runs.';
  throw new OperationError(
    'UNSUPPORTED_BY_DRIVER',
    `Somebody else runs "${row.name}", and Innkeeper knows only its agent: "${action}" is not possible here.`,
    { nextStep },
  );
}
