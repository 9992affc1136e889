import type { VmRecord } from '../vm-record.ts';
import type { FakeMachine } from './fake-machine.ts';

/**
 * The host that fake VMs run on. A test that restarts its daemon passes the same host to both, so that the second finds
 * the VMs of the first; disposing of it turns all of them off.
 */
export class FakeHost implements Disposable {
  readonly #machines = new Map<string, FakeMachine>();
  #nextPid = 4_000_001;

  /** A pid that no process has. */
  takePid(): number {
    this.#nextPid += 1;
    return this.#nextPid - 1;
  }

  add(machine: FakeMachine): void {
    this.#machines.set(machine.record.id, machine);
  }

  /** The machine with this VM id, for a test to inspect, pause or crash. */
  machine(vmId: string): FakeMachine | undefined {
    const machine = this.#machines.get(vmId);
    return machine?.alive ? machine : undefined;
  }

  /** The machine of a record, if it is the same process. */
  find(record: VmRecord): FakeMachine | undefined {
    const machine = this.machine(record.id);
    const kept = machine?.record.payload;
    const { pid, pidStartTicks } = record.payload;
    return kept?.['pid'] === pid && kept?.['pidStartTicks'] === pidStartTicks ? machine : undefined;
  }

  [Symbol.dispose](): void {
    for (const machine of this.#machines.values()) machine.kill();
  }
}
