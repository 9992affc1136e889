/*
 * The lifecycle of a VM as a pure function. The node keeps one per VM, passes it events one at a time, and performs the
 * returned effects in order. It never reads a clock: deadlines arrive as events.
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
 * A step of stopping proceeds to the next one at its deadline, or at once if it fails; a kill goes directly to the
 * last. While it waits for ACPI, the button is pressed every 5 s, and an agent that connects is asked after all: a guest
 * that boots ignores both at first. A stop or kill during the start aborts the launch, and kills a process that started nevertheless.
 *
 * After a restart the daemon sends `daemon-started` to every known VM, with the state of its process.
 */

import type { VmState } from '@innkeeper/contract';
import type { VmEnd } from './driver.ts';

/** The three ways to stop, from gentle to certain. */
export type StopStep = 'agent' | 'acpi' | 'kill';

/** A VM's state with the data for the next decision. `detail` is the reason for this state, if there is one. */
export type VmLifecycle =
  | { readonly state: Exclude<VmState, 'stopping'>; readonly detail: string }
  | {
      readonly state: 'stopping';
      readonly detail: string;
      readonly step: StopStep;
      /** Timeout of the steps `agent` and `acpi`, each. */
      readonly timeoutMs: number;
      /** The stop arrived during the launch, whose end is awaited. */
      readonly launching: boolean;
      /** The agent was asked in this stop; it is asked once. */
      readonly askedAgent: boolean;
      /** Time of the step `acpi` after its timer: the button is pressed again until there is none. */
      readonly leftMs: number;
      /** Why a stop ended in the step `kill`; empty for a kill on request. */
      readonly killReason: string;
    };

type Stopping = Extract<VmLifecycle, { state: 'stopping' }>;

export type VmLifecycleEvent =
  | { readonly type: 'created' }
  | { readonly type: 'create-failed'; readonly detail: string }
  | { readonly type: 'start' }
  | { readonly type: 'launched' }
  | { readonly type: 'launch-failed'; readonly detail: string }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Reported by the hypervisor, whatever the cause. */
  | { readonly type: 'paused'; readonly detail?: string | undefined }
  | { readonly type: 'resumed' }
  /** The guest's kernel panicked; see `isPanicked`. The detail begins with `panicText`. */
  | { readonly type: 'panicked'; readonly detail: string }
  | { readonly type: 'reset' }
  | { readonly type: 'stop'; readonly timeoutMs: number; readonly agentConnected: boolean }
  | { readonly type: 'kill' }
  /** The agent connected: a guest that is stopped while it boots is asked as soon as it can be. */
  | { readonly type: 'agent-connected' }
  /** A step of stopping failed: the agent refused, or the control socket is gone. */
  | { readonly type: 'step-failed'; readonly step: StopStep }
  | { readonly type: 'deadline'; readonly step: StopStep }
  | { readonly type: 'process-ended'; readonly end: Pick<VmEnd, 'kind' | 'lastLines'> }
  | { readonly type: 'delete' }
  | { readonly type: 'delete-failed'; readonly detail: string }
  /** `isWhole`: its disk exists and is not marked as unfinished, whatever the stored state. */
  | { readonly type: 'daemon-started'; readonly found: FoundProcess; readonly isWhole?: boolean };

/** The state of a VM's process when the daemon starts. */
export type FoundProcess =
  | { readonly kind: 'running' }
  /** `detail` is set if the hypervisor did it by itself. */
  | { readonly kind: 'paused'; readonly detail?: string | undefined }
  /** Ended; `how` is known if the hypervisor recorded it. */
  | { readonly kind: 'gone'; readonly how: VmEnd['kind'] | undefined };

export type VmEffect =
  | { readonly type: 'launch' }
  /** Abort the launch; `launched` or `launch-failed` still follows. */
  | { readonly type: 'abort-launch' }
  | { readonly type: 'pause-guest' }
  | { readonly type: 'resume-guest' }
  | { readonly type: 'ask-agent-to-shut-down'; readonly timeoutMs: number }
  | { readonly type: 'press-power-button' }
  | { readonly type: 'kill-process' }
  /** Send `deadline` with this step after this time. A VM has one timer: this replaces an earlier one. */
  | { readonly type: 'set-timer'; readonly step: StopStep; readonly delayMs: number }
  | { readonly type: 'clear-timer' }
  | { readonly type: 'remove-files' };

export interface VmTransition {
  readonly state: VmLifecycle;
  readonly effects: readonly VmEffect[];
}

/** What the detail of a VM whose guest panicked begins with. It is stored, so never change it. */
export const panicText = 'The guest’s kernel panicked';

/** Whether the guest's kernel panicked. Its VM keeps running, until the guest is reset or an agent in it connects. */
export function isPanicked(vm: VmLifecycle): boolean {
  return (vm.state === 'running' || vm.state === 'paused') && vm.detail.startsWith(panicText);
}

/** The detail of a VM whose guest is suspended to memory. It is stored, so never change it. */
export const suspendedText = 'The guest is suspended to memory. Wake it to continue.';

/** Whether the guest is suspended to memory. */
export function isSuspended(vm: VmLifecycle): boolean {
  return vm.state === 'paused' && vm.detail === suspendedText;
}

/** Default timeout of the agent and of ACPI, each. */
export const defaultStopTimeoutMs = 30_000;

/** A guest that is booting ignores the power button, so it is pressed again. */
const pressAgainMs = 5_000;

/** A killed process usually ends at once, unless it is blocked in I/O: then the kill is repeated. */
export const killRetryMs = 10_000;

/**
 * The next state and its effects. Total: an event without meaning in a state changes nothing and has no effects, so
 * late timers and duplicate events are harmless. Whether a caller may request an action is decided before, by
 * `assertVmAction`.
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

/** A state as stored in a database, for `daemon-started`. An interrupted stop continues with ACPI. */
export function storedLifecycle(state: VmState, detail = ''): VmLifecycle {
  if (state !== 'stopping') return { state, detail };
  return { ...stopping('acpi', defaultStopTimeoutMs), detail };
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
        state: { ...stopping('kill', killRetryMs), launching: true },
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
      return vm.state === 'paused' ? stay(vm) : become('paused', event.detail ?? panicOf(vm));
    case 'resumed':
      return vm.state === 'running' ? stay(vm) : become('running', panicOf(vm));
    case 'panicked':
      // The first report is kept: the serial console and the device both report a panic.
      return vm.state === 'running' && vm.detail === '' ? become('running', event.detail) : stay(vm);
    case 'reset':
    case 'agent-connected':
      return isPanicked(vm) ? become(vm.state === 'paused' ? 'paused' : 'running') : stay(vm);
    case 'pause':
      return vm.state === 'running' ? { state: vm, effects: [{ type: 'pause-guest' }] } : stay(vm);
    case 'resume':
      return vm.state === 'paused' ? { state: vm, effects: [{ type: 'resume-guest' }] } : stay(vm);
    case 'kill':
      return takeStep('kill', stopping('kill', killRetryMs));
    case 'stop': {
      const step = takeStep(event.agentConnected ? 'agent' : 'acpi', stopping('acpi', event.timeoutMs));
      // A paused guest reacts neither to the agent nor to ACPI.
      return vm.state === 'paused' ? { ...step, effects: [{ type: 'resume-guest' }, ...step.effects] } : step;
    }
    default:
      return stay(vm);
  }
}

function whileStopping(vm: Stopping, event: VmLifecycleEvent): VmTransition {
  switch (event.type) {
    case 'process-ended':
      return become('stopped', event.end.kind === 'killed' ? vm.killReason : '', { type: 'clear-timer' });
    case 'launch-failed':
      return become('stopped', '', { type: 'clear-timer' });
    case 'launched':
      return vm.launching ? takeStep('kill', vm) : stay(vm);
    case 'kill':
      return vm.step === 'kill' ? stay(vm) : takeStep('kill', vm);
    case 'agent-connected':
      return vm.step === 'acpi' && !vm.askedAgent ? takeStep('agent', vm) : stay(vm);
    case 'deadline':
      return event.step === vm.step && !vm.launching ? afterDeadline(vm) : stay(vm);
    case 'step-failed':
      return event.step === vm.step && !vm.launching ? afterFailure(vm) : stay(vm);
    default:
      return stay(vm);
  }
}

function afterDeadline(vm: Stopping): VmTransition {
  if (vm.step === 'agent') return takeStep('acpi', vm);
  if (vm.step === 'acpi' && vm.leftMs > 0) return pressPowerButton(vm, vm.leftMs);
  const killReason =
    vm.step === 'kill'
      ? vm.killReason
      : `The guest did not shut down in time (${vm.timeoutMs / 1000} s), so it was killed and may have lost data. Allow more time: "inn stop --timeout 2m".`;
  return takeStep('kill', { ...vm, killReason });
}

function afterFailure(vm: Stopping): VmTransition {
  if (vm.step === 'agent') return takeStep('acpi', vm);
  const killReason = 'The guest could not be asked to shut down, so it was killed and may have lost data.';
  if (vm.step === 'acpi') return takeStep('kill', { ...vm, killReason });
  // A failed kill is repeated by its timer: an immediate retry would loop.
  return { state: { ...vm, launching: false }, effects: [] };
}

function takeStep(step: StopStep, vm: Stopping): VmTransition {
  const { timeoutMs } = vm;
  const next: Stopping = { ...vm, step, launching: false };
  switch (step) {
    case 'agent':
      return {
        state: { ...next, askedAgent: true },
        effects: [
          { type: 'ask-agent-to-shut-down', timeoutMs },
          { type: 'set-timer', step, delayMs: timeoutMs },
        ],
      };
    case 'acpi':
      return pressPowerButton(next, timeoutMs);
    case 'kill':
      return { state: next, effects: [{ type: 'kill-process' }, { type: 'set-timer', step, delayMs: killRetryMs }] };
  }
}

/** Presses it with this time left for the guest to react. */
function pressPowerButton(vm: Stopping, leftMs: number): VmTransition {
  const delayMs = Math.min(leftMs, pressAgainMs);
  return {
    state: { ...vm, leftMs: leftMs - delayMs },
    effects: [{ type: 'press-power-button' }, { type: 'set-timer', step: 'acpi', delayMs }],
  };
}

function stopping(step: StopStep, timeoutMs: number): Stopping {
  const usual = {
    state: 'stopping',
    detail: '',
    launching: false,
    askedAgent: false,
    leftMs: 0,
    killReason: '',
  } as const;
  return { ...usual, step, timeoutMs };
}

function ended(end: Pick<VmEnd, 'kind' | 'lastLines'>): VmTransition {
  if (end.kind === 'shutdown') return become('stopped');
  const how = end.kind === 'killed' ? 'was killed by another process' : 'died';
  const words = end.lastLines.trim();
  return become('crashed', `The hypervisor ${how}${words === '' ? '.' : `: ${words}`}`);
}

function restore(vm: VmLifecycle, found: FoundProcess, isWhole: boolean): VmTransition {
  switch (vm.state) {
    case 'creating':
    case 'deleting':
      // The database may be older than the VM's folder, so a disk without a mark is kept whatever it says.
      if (isWhole && found.kind !== 'gone') return foundAlive(vm, found);
      if (isWhole)
        return become('stopped', `The daemon ended while this VM was ${wasBeing[vm.state]}; its disk is complete.`);
      // The operation ended with the daemon: a creation is undone, and a removal continues.
      return remove(vm.state === 'creating' ? 'The daemon ended while this VM was being created.' : vm.detail);
    case 'stopped':
    case 'crashed':
      // The daemon crashed during the launch, before it could store the state.
      return found.kind === 'gone' ? stay(vm) : foundAlive(vm, found);
    case 'starting':
    case 'running':
    case 'paused':
      return found.kind === 'gone' ? endedUnwatched(found.how) : foundAlive(vm, found);
    case 'stopping': {
      if (found.kind === 'gone') return become('stopped');
      const step = takeStep(vm.step === 'kill' ? 'kill' : 'acpi', vm);
      const wake = found.kind === 'paused' && vm.step !== 'kill';
      return wake ? { ...step, effects: [{ type: 'resume-guest' }, ...step.effects] } : step;
    }
  }
}

const wasBeing = { creating: 'being created', deleting: 'being removed' } as const;

/** The reason of a pause is kept: a VM that waits for space on the host resumes when there is some. */
function foundAlive(vm: VmLifecycle, found: Exclude<FoundProcess, { kind: 'gone' }>): VmTransition {
  if (found.kind === 'running') return become('running', panicOf(vm));
  return become('paused', vm.state === 'paused' && vm.detail !== '' ? vm.detail : found.detail);
}

/** The detail of a panic, which a pause and a restart of the daemon do not change. */
function panicOf(vm: VmLifecycle): string {
  return isPanicked(vm) ? vm.detail : '';
}

function endedUnwatched(how: VmEnd['kind'] | undefined): VmTransition {
  if (how === 'shutdown') return become('stopped', 'It ended while no daemon was running.');
  if (how === undefined) return become('stopped', 'It ended while no daemon was running; the cause is unknown.');
  return become('crashed', 'The hypervisor died while no daemon was running.');
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
