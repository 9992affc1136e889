import { type Operation, OperationState } from '@innkeeper/contract/control';

type Titled = Pick<Operation, 'kind' | 'target'>;

/** What an operation does, what it works on, and what was done by it. */
const words: Readonly<Record<string, readonly [verb: string, noun: string, done: string]>> = {
  'vm.create': ['Create', 'VM', 'created'],
  'vm.start': ['Start', '', 'started'],
  'vm.stop': ['Stop', '', 'stopped'],
  'vm.kill': ['Kill', '', 'killed'],
  'vm.delete': ['Delete', 'VM', 'deleted'],
  'agent.update': ['Update', 'agent of', 'updated'],
  'image.add': ['Add', 'image', 'added'],
  'image.build': ['Build', 'image', 'built'],
  'image.remove': ['Remove', 'image', 'removed'],
};

/** "Start web-1"; for an unknown kind, the kind itself. */
export function operationTitle({ kind, target }: Titled): string {
  const [verb, noun] = words[kind] ?? [kind, ''];
  return [verb, noun, target].filter(Boolean).join(' ');
}

/** What happened: "web-1 was started", "The image tiny was not built". */
export function operationOutcome(operation: Titled & Pick<Operation, 'state'>): string {
  const { kind, target, state } = operation;
  const known = words[kind];
  if (known === undefined) {
    const ended = { [OperationState.SUCCEEDED]: 'succeeded', [OperationState.CANCELED]: 'was cancelled' };
    return `${operationTitle(operation)} ${ended[state as keyof typeof ended] ?? 'failed'}`;
  }
  const [, noun, done] = known;
  if (state === OperationState.CANCELED) return `“${operationTitle(operation)}” was cancelled`;
  const what = noun === 'image' || noun === 'agent of' ? `The ${noun} ${target}` : target;
  return `${what} was ${state === OperationState.SUCCEEDED ? '' : 'not '}${done}`;
}

/** "3 VMs will be stopped"; with failures, "2 of 3 VMs were not stopped". The operations report when they end. */
export function manyOutcome(done: string, asked: number, failed: number): string {
  if (failed > 0) return `${failed} of ${asked} VMs ${failed === 1 ? 'was' : 'were'} not ${done}`;
  return `${asked === 1 ? '1 VM' : `${asked} VMs`} will be ${done}`;
}
