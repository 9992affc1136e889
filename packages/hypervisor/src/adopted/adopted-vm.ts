import { OperationError } from '@innkeeper/contract';
import type { Channel } from '@innkeeper/kit';
import type { ConsoleStream, RunningVm, VmEnd } from '../driver.ts';
import type { VmRecord } from '../vm-record.ts';
import { adoptedAddress, adoptedFeatures } from './adopted-record.ts';

/** A VM of which only the agent's address is known. It has no process, console or counters on this side. */
export class AdoptedVm implements RunningVm {
  readonly record: VmRecord;
  readonly features = adoptedFeatures;
  readonly process = undefined;
  readonly adoptedAgent: string;
  /** Its end is nobody's to report. */
  readonly ended: Promise<VmEnd> = new Promise(() => undefined);
  readonly console: ConsoleStream = {
    history: () => ({ head: new Uint8Array(0), droppedBytes: 0, tail: new Uint8Array(0) }),
    onOutput: () => () => undefined,
    write: () => unsupported('a serial console'),
  };

  constructor(record: VmRecord) {
    this.record = record;
    this.adoptedAgent = adoptedAddress(record) ?? '';
  }

  onEvent(): () => void {
    return () => undefined;
  }

  requestShutdown(): Promise<void> {
    return unsupported('a power button');
  }

  kill(): Promise<void> {
    return unsupported('killing it');
  }

  openAgent(): Promise<Channel> {
    return unsupported('ports of a hypervisor');
  }

  isPortOpen(): Promise<boolean> {
    return unsupported('ports of a hypervisor');
  }

  usage(): undefined {
    return undefined;
  }

  async diskUsage(): Promise<undefined> {
    return undefined;
  }

  async network(): Promise<undefined> {
    return undefined;
  }

  async isPaused(): Promise<boolean> {
    return false;
  }

  async whyPaused(): Promise<undefined> {
    return undefined;
  }

  pause(): Promise<void> {
    return unsupported('pausing it');
  }

  resume(): Promise<void> {
    return unsupported('resuming it');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return undefined;
  }
}

async function unsupported(what: string): Promise<never> {
  throw new OperationError('UNSUPPORTED_BY_DRIVER', `Somebody else runs this VM: there is no ${what} here.`);
}
