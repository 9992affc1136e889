/*
 * The life of a VM, as one pure function. The node keeps one of these for each VM, gives it events one at a time, and
 * does the effects it names, in order. It never looks at a clock: deadlines come back as events.
 *
 *  creating ──created──▶ stopped ──start──▶ starting ──launched──▶ running ◀──paused, resumed──▶ paused
 *     │                   ▲ ▲ │              │ │  │                │   │                         │  │
 *     │                   │ │ │ launch-failed│ │  └─process-ended──┼───┴──────▶ (*) ◀────────────┼──┘
 *     │                   │ └─┼──────────────┘ │ stop, kill        │ stop, kill                  │
 *     │                   │   │                ▼                   ▼                             │
 *     │                   └───┼─process-ended─ stopping: agent ─▶ acpi ─▶ kill ◀─────────────────┘
 *     │ create-failed         │ delete
 *     ▼                       ▼
 *  deleting ◀───delete──── crashed ──start──▶ starting
 *
 * (*) stopped when the guest shut down, crashed when the process died or something else killed it.
 *
 * A step of stopping goes on to the next at its deadline, or at once when it cannot be taken; a kill goes straight to
 * the last. A stop or kill while starting aborts the launch, and kills what came up all the same.
 *
 * After the daemon came up again it says `daemon-started` to every VM it knows, with what it found of the process.
 */

import type { VmState } from '@innkeeper/contract';
import type { VmEnd } from './driver.ts';

/** The three ways to stop, from gentle to certain. */
export type StopStep = 'agent' | 'acpi' | 'kill';

/** A VM's state with what the next decision needs. `detail` says why it is in this state, where that needs a word. */
export type VmLifecycle =
  | { readonly state: Exclude<VmState, 'stopping'>; readonly detail: string }
  | {
      readonly state: 'stopping';
      readonly detail: string;
      readonly step: StopStep;
      /** For the steps `agent` and `acpi` each. */
      readonly timeoutMs: number;
      /** The launch was not over when the stop came; its end is awaited. */
      readonly launching: boolean;
    };

export type VmLifecycleEvent =
  | { readonly type: 'created' }
  | { readonly type: 'create-failed'; readonly detail: string }
  | { readonly type: 'start' }
  | { readonly type: 'launched' }
  | { readonly type: 'launch-failed'; readonly detail: string }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** The hypervisor said so, whoever asked for it. */
  | { readonly type: 'paused'; readonly detail?: string | undefined }
  | { readonly type: 'resumed' }
  | { readonly type: 'stop'; readonly timeoutMs: number; readonly agentConnected: boolean }
  | { readonly type: 'kill' }
  /** A step of stopping could not be taken: the agent refused, the control socket is gone. */
  | { readonly type: 'step-failed'; readonly step: StopStep }
  | { readonly type: 'deadline'; readonly step: StopStep }
  | { readonly type: 'process-ended'; readonly end: Pick<VmEnd, 'kind' | 'lastLines'> }
  | { readonly type: 'delete' }
  | { readonly type: 'delete-failed'; readonly detail: string }
  /** `isWhole`: its disk is there and nothing marks it as unfinished, whatever the stored state says. */
  | { readonly type: 'daemon-started'; readonly found: FoundProcess; readonly isWhole?: boolean };

/** What is left of a VM's process when the daemon comes up. */
export type FoundProcess =
  | { readonly kind: 'running' }
  /** `detail` when the hypervisor did it by itself. */
  | { readonly kind: 'paused'; readonly detail?: string | undefined }
  /** Gone; `how` is known when the hypervisor left word of it. */
  | { readonly kind: 'gone'; readonly how: VmEnd['kind'] | undefined };

export type VmEffect =
  | { readonly type: 'launch' }
  /** Abort the launch; `launched` or `launch-failed` still comes. */
  | { readonly type: 'abort-launch' }
  | { readonly type: 'pause-guest' }
  | { readonly type: 'resume-guest' }
  | { readonly type: 'ask-agent-to-shut-down'; readonly timeoutMs: number }
  | { readonly type: 'press-power-button' }
  | { readonly type: 'kill-process' }
  /** Say `deadline` with this step after that time. A VM has one timer: this replaces an earlier one. */
  | { readonly type: 'set-timer'; readonly step: StopStep; readonly delayMs: number }
  | { readonly type: 'clear-timer' }
  | { readonly type: 'remove-files' };

export interface VmTransition {
  readonly state: VmLifecycle;
  readonly effects: readonly VmEffect[];
}

/** What the agent and ACPI each get when the caller does not say. */
export const defaultStopTimeoutMs = 30_000;

/** A killed process is gone at once, unless the kernel holds it in I/O: then the kill is repeated. */
export const killRetryMs = 10_000;

/**
 * The next state and what has to be done for it. Total: an event that means nothing in a state changes nothing and has
 * no effects, so late timers and doubled events are harmless. Whether a person may ask for something is decided before,
 * by `assertVmAction`.
 */
export function vmReduce(vm: VmLifecycle, event: VmLifecycleEvent): VmTransition {
  if (event.type === 'daemon-started') return restore(vm, event.found, event.isWhole ?? false);
  switch (vm.state) {
    case 'creating':
      if (event.type === 'created') return become('stopped');
      if (event.type === 'create-failed') return remove(event.detail);
      return stay(vm);
    case 'stopped':
    case 'crashed':
      if (event.type === 'start') return become('starting', '', { type: 'launch' });
      if (event.type === 'delete') return remove();
      return stay(vm);
    case 'starting':
      return whileStarting(vm, event);
    case 'running':
    case 'paused':
      return whileRunning(vm, event);
    case 'stopping':
      return whileStopping(vm, event);
    case 'deleting':
      if (event.type === 'delete-failed') return become('stopped', event.detail);
      return stay(vm);
  }
}

/** A state as a database keeps it, for `daemon-started`. A stop that was under way goes on from ACPI. */
export function storedLifecycle(state: VmState, detail = ''): VmLifecycle {
  if (state !== 'stopping') return { state, detail };
  return { state, detail, step: 'acpi', timeoutMs: defaultStopTimeoutMs, launching: false };
}

function whileStarting(vm: VmLifecycle, event: VmLifecycleEvent): VmTransition {
  switch (event.type) {
    case 'launched':
      return become('running');
    case 'launch-failed':
      return become('stopped', event.detail);
    case 'process-ended':
      return ended(event.end);
    case 'stop':
    case 'kill':
      return {
        state: { state: 'stopping', detail: '', step: 'kill', timeoutMs: killRetryMs, launching: true },
        effects: [{ type: 'abort-launch' }],
      };
    default:
      return stay(vm);
  }
}

function whileRunning(vm: VmLifecycle, event: VmLifecycleEvent): VmTransition {
  switch (event.type) {
    case 'process-ended':
      return ended(event.end);
    case 'paused':
      return vm.state === 'paused' ? stay(vm) : become('paused', event.detail);
    case 'resumed':
      return vm.state === 'running' ? stay(vm) : become('running');
    case 'pause':
      return vm.state === 'running' ? { state: vm, effects: [{ type: 'pause-guest' }] } : stay(vm);
    case 'resume':
      return vm.state === 'paused' ? { state: vm, effects: [{ type: 'resume-guest' }] } : stay(vm);
    case 'kill':
      return takeStep('kill', killRetryMs);
    case 'stop': {
      const step = takeStep(event.agentConnected ? 'agent' : 'acpi', event.timeoutMs);
      // A guest whose CPUs stand still can hear neither the agent nor ACPI.
      return vm.state === 'paused' ? { ...step, effects: [{ type: 'resume-guest' }, ...step.effects] } : step;
    }
    default:
      return stay(vm);
  }
}

function whileStopping(vm: Extract<VmLifecycle, { state: 'stopping' }>, event: VmLifecycleEvent): VmTransition {
  switch (event.type) {
    case 'process-ended':
    case 'launch-failed':
      return become('stopped', '', { type: 'clear-timer' });
    case 'launched':
      return vm.launching ? takeStep('kill', vm.timeoutMs) : stay(vm);
    case 'kill':
      return vm.step === 'kill' ? stay(vm) : takeStep('kill', vm.timeoutMs);
    case 'deadline':
    case 'step-failed':
      return event.step === vm.step && !vm.launching ? escalate(vm.step, event.type, vm.timeoutMs) : stay(vm);
    default:
      return stay(vm);
  }
}

function escalate(from: StopStep, why: 'deadline' | 'step-failed', timeoutMs: number): VmTransition {
  if (from === 'agent') return takeStep('acpi', timeoutMs);
  if (from === 'acpi') return takeStep('kill', timeoutMs);
  // A kill that failed waits for its timer: trying again at once would spin.
  return why === 'deadline' ? takeStep('kill', timeoutMs) : { state: stopping('kill', timeoutMs), effects: [] };
}

function takeStep(step: StopStep, timeoutMs: number): VmTransition {
  const act: Record<StopStep, VmEffect> = {
    agent: { type: 'ask-agent-to-shut-down', timeoutMs },
    acpi: { type: 'press-power-button' },
    kill: { type: 'kill-process' },
  };
  const timer: VmEffect = { type: 'set-timer', step, delayMs: step === 'kill' ? killRetryMs : timeoutMs };
  return { state: stopping(step, timeoutMs), effects: [act[step], timer] };
}

function stopping(step: StopStep, timeoutMs: number): VmLifecycle {
  return { state: 'stopping', detail: '', step, timeoutMs, launching: false };
}

function ended(end: Pick<VmEnd, 'kind' | 'lastLines'>): VmTransition {
  if (end.kind === 'shutdown') return become('stopped');
  const how = end.kind === 'killed' ? 'was killed by something else' : 'died';
  const words = end.lastLines.trim();
  return become('crashed', `The hypervisor ${how}${words === '' ? '.' : `: ${words}`}`);
}

function restore(vm: VmLifecycle, found: FoundProcess, isWhole: boolean): VmTransition {
  switch (vm.state) {
    case 'creating':
    case 'deleting':
      // The database may be older than the VM's folder, so a disk without a mark is not removed on its word.
      if (isWhole && found.kind !== 'gone') return foundAlive(vm, found);
      if (isWhole)
        return become('stopped', `The daemon ended while this VM was ${wasBeing[vm.state]}; its disk is whole.`);
      // The operation ended with the daemon: what it had made is undone, what it had begun to remove goes.
      return remove(vm.state === 'creating' ? 'The daemon ended while this VM was made.' : vm.detail);
    case 'stopped':
    case 'crashed':
      // A launch whose daemon died before it could write the state down.
      return found.kind === 'gone' ? stay(vm) : foundAlive(vm, found);
    case 'starting':
    case 'running':
    case 'paused':
      return found.kind === 'gone' ? endedUnwatched(found.how) : foundAlive(vm, found);
    case 'stopping': {
      if (found.kind === 'gone') return become('stopped');
      const step = takeStep(vm.step === 'kill' ? 'kill' : 'acpi', vm.timeoutMs);
      const wake = found.kind === 'paused' && vm.step !== 'kill';
      return wake ? { ...step, effects: [{ type: 'resume-guest' }, ...step.effects] } : step;
    }
  }
}

const wasBeing = { creating: 'made', deleting: 'removed' } as const;

/** Why it was paused is not forgotten: a VM that waits for room on the host goes on when there is some. */
function foundAlive(vm: VmLifecycle, found: Exclude<FoundProcess, { kind: 'gone' }>): VmTransition {
  if (found.kind === 'running') return become('running');
  return become('paused', vm.state === 'paused' && vm.detail !== '' ? vm.detail : found.detail);
}

function endedUnwatched(how: VmEnd['kind'] | undefined): VmTransition {
  if (how === 'shutdown') return become('stopped', 'It ended while no daemon ran.');
  if (how === undefined) return become('stopped', 'It ended while no daemon ran; how is not known.');
  return become('crashed', 'The hypervisor died while no daemon ran.');
}

function become(state: Exclude<VmState, 'stopping'>, detail = '', ...effects: readonly VmEffect[]): VmTransition {
  return { state: { state, detail }, effects };
}

function remove(detail = ''): VmTransition {
  return become('deleting', detail, { type: 'remove-files' });
}

function stay(state: VmLifecycle): VmTransition {
  return { state, effects: [] };
}
