import { panicText } from '@innkeeper/hypervisor';

const maxReasonCharacters = 200;
/** Bytes that are kept for a line that arrives in pieces. */
const keptCharacters = 512;

/** Finds the kernel's own message of a panic in the output of a serial console. */
export class PanicWatch {
  readonly #onPanic: (detail: string) => void;
  #rest = '';

  constructor(onPanic: (detail: string) => void) {
    this.#onPanic = onPanic;
  }

  take(bytes: Uint8Array): void {
    const text = this.#rest + Buffer.from(bytes).toString('latin1');
    const reason = /Kernel panic - not syncing: ([^\r\n]*)[\r\n]/.exec(text)?.[1];
    this.#rest = reason === undefined ? text.slice(-keptCharacters) : '';
    if (reason === undefined) return;
    const printable = reason.replace(/[^ -~]/g, '').slice(0, maxReasonCharacters);
    this.#onPanic(`${panicText}: ${printable}`);
  }
}
