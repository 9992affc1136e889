import { type ReasonName, reasons } from '@innkeeper/contract/errors';

/** The command that helps after an error. What the daemon says names no command, since not everybody calls it with inn. */
const hints: Readonly<Partial<Record<ReasonName, string>>> = {
  VM_NOT_FOUND: 'inn ls',
  VM_NAME_TAKEN: 'inn rm NAME',
  VM_NOT_RUNNING: 'inn start VM',
  VM_BUSY: 'inn op ls',
  IMAGE_NOT_FOUND: 'inn image ls',
  OPERATION_NOT_FOUND: 'inn op ls',
  HYPERVISOR_UNREACHABLE: 'inn kill VM',
  AGENT_UNREACHABLE: 'inn doctor VM',
  DEADLINE_EXCEEDED: 'inn doctor VM',
  UNSUPPORTED_BY_AGENT: 'inn show VM',
  SHUTDOWN_FAILED: 'inn stop VM',
  RUN_NOT_FOUND: 'inn runs ls',
  TERMINAL_NOT_FOUND: 'inn shell VM --ls',
  TOKEN_INVALID: 'inn login URL',
  ACCOUNT_NOT_FOUND: 'inn user ls',
};

/**
 * Their commands end something: they are only for the usual next step. libvirt's answer has another one, since Innkeeper
 * does not kill its domains.
 */
const changing: ReadonlySet<ReasonName> = new Set(['HYPERVISOR_UNREACHABLE', 'VM_NAME_TAKEN']);

/** What an error advises to do next, with the inn command for it. */
export function nextStepWithHint({
  reason,
  nextStep,
}: {
  readonly reason: ReasonName;
  readonly nextStep: string;
}): string {
  const hint = changing.has(reason) && nextStep !== reasons[reason].next ? undefined : hints[reason];
  // An older daemon names the command itself.
  return hint === undefined || /\binn [a-z]/.test(nextStep) ? nextStep : `${nextStep} Try "${hint}".`;
}
