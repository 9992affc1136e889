import type { FileWriteRequest } from '@innkeeper/contract/agent-message';
import { OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import type { FileWrite } from '@innkeeper/wire';
import type { Spool } from '../../file/spool.ts';

/** The data of a long file_write, once all of it has arrived. */
export interface LongData {
  /** Why it could not be kept; undefined if it was. */
  readonly failure: OperationError | undefined;
  /** The file_write that it belongs to. */
  of(request: FileWriteRequest): FileWrite;
  close(): void;
}

/** Collects the data of long file_writes, which arrives before what is to be done with it. */
export class LongContent {
  readonly #createSpool: () => Spool;
  readonly #noWait = new AbortController();
  #spool: Spool | undefined;
  #failure: OperationError | undefined;

  constructor(createSpool: () => Spool) {
    this.#createSpool = createSpool;
    // The request to thaw comes behind this one.
    this.#noWait.abort('file systems are frozen');
  }

  /** Never rejects: what cannot be kept is a failure of the request. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#spool ??= this.#createSpool();
    if (this.#failure !== undefined) return;
    try {
      await this.#spool.append(bytes, this.#noWait.signal);
    } catch (error) {
      const why = this.#noWait.signal.reason === error ? String(error) : errorMessage(error);
      this.#failure = new OperationError('GUEST_IO', `The data of the request could not be kept in the guest: ${why}.`);
    }
  }

  /** Undefined if nothing was collected. The caller closes it. */
  take(): LongData | undefined {
    const [spool, failure] = [this.#spool, this.#failure];
    [this.#spool, this.#failure] = [undefined, undefined];
    if (spool === undefined) return undefined;
    return {
      failure,
      of: (request) => ({ request, data: { bytes: spool.bytes, read: () => spool.read() } }),
      close: () => spool.close(),
    };
  }
}
