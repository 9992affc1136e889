import { agentPorts, type VmEvent } from '../driver.ts';
import { panicText, suspendedText } from '../lifecycle.ts';
import { portDeviceId } from './command-line.ts';
import type { QmpEvent } from './qmp.ts';
import type { EndSigns } from './vm-end.ts';

/** Translates QEMU's events to those of a driver, and remembers what later ones are explained by. */
export class EventTranslator {
  #shutdown: EndSigns['shutdown'];
  /** Why QEMU is about to pause the guest by itself. */
  #stopDetail: string | undefined;

  /** Who asked for the end of the process, and how; undefined if nobody did. */
  get shutdown(): EndSigns['shutdown'] {
    return this.#shutdown;
  }

  /** Returns undefined for an event that says nothing by itself. */
  take({ name, data }: QmpEvent): VmEvent | undefined {
    switch (name) {
      case 'SHUTDOWN':
        this.#shutdown = { guest: data['guest'] === true, reason: String(data['reason']) };
        return undefined;
      case 'BLOCK_IO_ERROR':
        if (data['action'] === 'stop') this.#stopDetail = diskFailure(data);
        return undefined;
      case 'STOP': {
        const detail = this.#stopDetail;
        this.#stopDetail = undefined;
        return detail === undefined ? { type: 'paused' } : { type: 'paused', detail };
      }
      case 'SUSPEND':
        return { type: 'paused', detail: suspendedText };
      case 'WAKEUP':
      case 'RESUME':
        return { type: 'resumed' };
      case 'RESET':
        return { type: 'reset' };
      case 'GUEST_PANICKED':
        return { type: 'panicked', detail: `${panicText}.` };
      case 'VSERPORT_CHANGE': {
        const port = agentPorts.find((_, index) => portDeviceId(index) === data['id']);
        return port === undefined ? undefined : { type: 'agent-port', port, open: data['open'] === true };
      }
      default:
        return undefined;
    }
  }
}

/** QEMU pauses a guest whose write finds no space, so that nothing is lost, until it is resumed. */
function diskFailure(data: QmpEvent['data']): string {
  if (data['nospace'] === true)
    return 'The host has no space left for the VM’s disk. Free some space; the VM then resumes by itself.';
  return `The host could not ${data['operation']} the VM’s disk: ${data['reason']}.`;
}
