import type { VmChange, VmRunner } from './vm-runner.ts';

export interface EventText {
  /** 'guest': what the guest does by itself, which is an event each time. */
  readonly topic: 'vm' | 'agent' | 'guest';
  readonly kind: string;
  readonly message: string;
}

/** The initial state of a VM, which is not an event. */
export const creatingKind = 'vm.creating';

/** The event for a change of a VM; `before` is the kind of the previous event. */
export function eventOf(runner: VmRunner, change: VmChange, before: string): EventText {
  if (change === 'removed') {
    // An adopted VM lives on.
    const end = runner.isAdopted ? 'released' : 'deleted';
    return { topic: 'vm', kind: `vm.${end}`, message: `${runner.row.name} was ${end}.` };
  }
  if (change === 'reset') return { topic: 'guest', kind: 'vm.reset', message: 'The guest reset its machine.' };
  if (change === 'panicked') return { topic: 'guest', kind: 'vm.panicked', message: runner.life.detail.slice(0, 1000) };
  if (change === 'agent') {
    const { state, detail } = runner.agent.state;
    return { topic: 'agent', kind: `agent.${state}`, message: detail.slice(0, 1000) };
  }
  const { state, detail } = runner.life;
  if (before === creatingKind && state === 'stopped') {
    const message = `${runner.row.name} was created from the image "${runner.row.image}".`;
    return { topic: 'vm', kind: 'vm.created', message };
  }
  if (before === creatingKind && state === 'deleting') {
    return { topic: 'vm', kind: 'vm.create-failed', message: detail.slice(0, 1000) };
  }
  return { topic: 'vm', kind: `vm.${state}`, message: detail.slice(0, 1000) };
}
