import { OperationError } from '@innkeeper/contract';
import type { LiveEvent, Run } from '@innkeeper/contract/control';
import { Listeners } from '@innkeeper/kit';
import { liveConnection } from '../../../live/live-connection.ts';
import { isOver } from '../target-outcome.ts';
import { OutputBuffer } from './output-buffer.ts';

/** Minimum time between renders, since output may arrive many times a second. */
const renderMs = 80;
const totalChars = 48_000_000;
const minTargetChars = 128 * 1024;
const maxTargetChars = 20_000_000;

/**
 * A run with its output, live. After a connection loss the daemon sends everything again from the beginning; known
 * output is skipped, so that nothing is missing or repeated.
 */
export class RunFeed {
  run: Run | undefined;
  /** Why the run cannot be followed. */
  error: OperationError | undefined;
  /** Changes after each update. */
  version = 0;
  readonly #id: string;
  readonly #buffers = new Map<string, OutputBuffer>();
  readonly #listeners = new Listeners();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
  }

  /** Follows the run until the returned function is called. */
  open(): () => void {
    const request = { case: 'run', value: { id: this.#id } } as const;
    const end = liveConnection().subscribe(request, false, (event) => this.#take(event));
    return () => {
      end();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  get subscribe(): (listener: () => void) => () => void {
    return this.#listeners.add;
  }

  /** Undefined before the first output. */
  output(vmId: string): OutputBuffer | undefined {
    return this.#buffers.get(vmId);
  }

  /** Whether the target has ended and all its output was received. */
  isComplete(vmId: string): boolean {
    const target = this.run?.targets.find((each) => each.vmId === vmId);
    if (target === undefined || !isOver(target.state)) return false;
    return (this.#buffers.get(vmId)?.nextOffset ?? 0) >= Number(target.keptBytes);
  }

  #take(event: LiveEvent['event']): void {
    if (event.case === 'error') this.error = OperationError.fromWire(event.value);
    if (event.case === 'run') this.#takeRun(event.value.event);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.version++;
      this.#listeners.emit();
    }, renderMs);
  }

  #takeRun(event: Extract<LiveEvent['event'], { case: 'run' }>['value']['event']): void {
    this.error = undefined;
    if (event.case === 'run') this.run = event.value;
    if (event.case === 'output') this.#buffer(event.value.vmId).push(event.value);
    for (const { vmId } of this.run?.targets ?? []) if (this.isComplete(vmId)) this.#buffers.get(vmId)?.end();
  }

  #buffer(vmId: string): OutputBuffer {
    const known = this.#buffers.get(vmId);
    if (known !== undefined) return known;
    const share = Math.floor(totalChars / Math.max(1, this.run?.targets.length ?? 1));
    const buffer = new OutputBuffer(Math.min(Math.max(share, minTargetChars), maxTargetChars));
    this.#buffers.set(vmId, buffer);
    return buffer;
  }
}
