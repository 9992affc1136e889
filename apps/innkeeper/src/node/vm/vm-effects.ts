import { rm } from 'node:fs/promises';
import { ShutdownMode } from '@innkeeper/contract/agent';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import type { StopStep, VmEffect, VmLifecycleEvent } from '@innkeeper/hypervisor';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { VmRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { removeTree } from '../data/unfinished.ts';
import type { VmAgent } from './vm-agent.ts';
import type { VmProcess } from './vm-process.ts';

export interface VmEffectsOptions {
  readonly context: NodeContext;
  readonly log: Log;
  readonly agent: VmAgent;
  readonly process: VmProcess;
  readonly row: () => VmRow;
  readonly dispatch: (event: VmLifecycleEvent) => Promise<void>;
  /** Checks again what became of a process that this daemon could not adopt. */
  readonly restore: () => Promise<void>;
  readonly onRemoved: () => void;
}

/** Executes the effects of a VM's reducer. Nothing is awaited: results are passed to the reducer as events. */
export class VmEffects {
  readonly #options: VmEffectsOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: VmEffectsOptions) {
    this.#options = options;
  }

  perform(effect: VmEffect): void {
    const { agent, process, dispatch } = this.#options;
    switch (effect.type) {
      case 'launch':
        void this.#launch();
        return;
      case 'abort-launch':
        process.abortLaunch();
        return;
      case 'pause-guest':
        this.attempt('vm.pause-failed', process.running?.pause());
        return;
      case 'resume-guest':
        this.attempt('vm.resume-failed', process.running?.resume());
        return;
      case 'ask-agent-to-shut-down': {
        const { timeoutMs } = effect;
        const asked = agent.link?.call(PowerServiceLite.shutdown, { mode: ShutdownMode.POWEROFF }, { timeoutMs });
        this.attempt('vm.agent-shutdown-failed', asked ?? Promise.reject(new Error('no link')), 'agent');
        return;
      }
      case 'press-power-button':
        this.attempt('vm.power-button-failed', process.running?.requestShutdown(), 'acpi');
        return;
      case 'kill-process':
        this.attempt('vm.kill-failed', this.#kill());
        return;
      case 'set-timer':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void dispatch({ type: 'deadline', step: effect.step }), effect.delayMs);
        return;
      case 'clear-timer':
        this.clearTimer();
        return;
      case 'remove-files':
        void this.#remove();
        return;
    }
  }

  /** Logs a failure of `work`; the failure of a `step` of stopping is also passed to the reducer. */
  attempt(failure: string, work: Promise<unknown> | undefined, step?: StopStep): void {
    work?.catch((error: unknown) => {
      this.#options.log.warn(failure, { message: errorMessage(error) });
      if (step !== undefined) void this.#options.dispatch({ type: 'step-failed', step });
    });
  }

  clearTimer(): void {
    clearTimeout(this.#timer);
  }

  async #launch(): Promise<void> {
    const { process, dispatch } = this.#options;
    const error = await process.launch();
    await dispatch(error === undefined ? { type: 'launched' } : { type: 'launch-failed', detail: errorMessage(error) });
  }

  /** The reducer repeats it after a deadline. */
  async #kill(): Promise<void> {
    const { process, row, restore } = this.#options;
    const held = process.running !== undefined;
    await process.kill();
    // The end of a process that could not be adopted is not watched.
    if (!held && row().record !== null) await restore();
  }

  async #remove(): Promise<void> {
    const { context, row, dispatch, log, onRemoved } = this.#options;
    const { folder, store } = context;
    const { id } = row();
    try {
      await removeTree(folder.vmFolder(id));
      await rm(folder.runFolder(id), { recursive: true, force: true });
      // The row is deleted last: while it exists, the next start removes the remaining files.
      await store.vms.remove(id);
    } catch (error) {
      await dispatch({ type: 'delete-failed', detail: errorMessage(error) });
      return;
    }
    log.info('vm.deleted');
    onRemoved();
  }
}
