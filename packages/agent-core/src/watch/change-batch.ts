import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileChangeSchema, WatchFilesEventSchema } from '@innkeeper/contract/agent';
import { FileChangeKind, FileServiceLite } from '@innkeeper/contract/agent-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import { AnswerRoom } from '../answer-room.ts';
import type { CallContext } from '../dispatch.ts';
import type { BatchState } from './kept-watches.ts';

/** Maximum bytes of a change's numbers and tags. */
const changeBytes = 16;
/** Bytes of messages that are kept until the node has them. It misses more than these if it loses them. */
const maxUnconfirmedBytes = 256 * 1024;

export interface ChangeBatchOptions {
  /** Whether messages have numbers, and are kept until the node has them. */
  readonly isNumbered: boolean;
  /** Whether the call is over, and its watch is about to be handed over: nothing is sent, and everything kept. */
  readonly isLeaving: () => boolean;
}

/** Changes on their way to the caller: as many in a message as fit. Repeated changes of one file are one. */
export class ChangeBatch {
  readonly #sink: CallContext<typeof WatchFilesEventSchema>['sink'];
  readonly #options: ChangeBatchOptions;
  #changes: MessageInitShape<typeof FileChangeSchema>[] = [];
  #room = new AnswerRoom();
  readonly #repeatable = new Set<string>();
  #number = 0;
  #unconfirmed: Uint8Array[] = [];

  constructor(sink: CallContext<typeof WatchFilesEventSchema>['sink'], options: ChangeBatchOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  get state(): BatchState {
    return { number: this.#number, unconfirmed: this.#unconfirmed };
  }

  /** Continues after the message that the node has got last. */
  async resume({ number, unconfirmed }: BatchState, after: number): Promise<void> {
    const missing = Math.max(number - after, 0);
    this.#number = number;
    this.#unconfirmed = unconfirmed.slice(Math.max(unconfirmed.length - missing, 0));
    const isLost = missing > unconfirmed.length;
    for (const body of [...this.#unconfirmed]) await this.#send(body);
    if (isLost) await this.flush(true);
  }

  /** Resolves when there is room for further ones: a reader that is slow is waited for. */
  async add(kind: FileChangeKind, path: string, isFolder: boolean, oldPath = ''): Promise<void> {
    if (kind === FileChangeKind.MODIFIED || kind === FileChangeKind.ATTRIBUTES) {
      const key = kind + path;
      if (this.#repeatable.has(key)) return;
      this.#repeatable.add(key);
    } else this.#repeatable.clear();
    if (!this.#room.take([path, oldPath], changeBytes)) {
      await this.flush();
      this.#room.take([path, oldPath], changeBytes);
    }
    this.#changes.push({ kind, path, isFolder, oldPath });
  }

  async flush(lost = false): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    this.#room = new AnswerRoom();
    this.#repeatable.clear();
    if (!lost && changes.length === 0) return;
    const number = this.#options.isNumbered ? ++this.#number : 0;
    const value = { changes, lost, number: BigInt(number) };
    const body = liteEncode(FileServiceLite.watch.output, { event: { case: 'changes', value } });
    if (this.#options.isNumbered) this.#unconfirmed.push(body);
    await this.#send(body);
  }

  async #send(body: Uint8Array): Promise<void> {
    try {
      if (!this.#options.isLeaving()) await this.#sink.send(body);
    } catch (error) {
      if (!this.#options.isLeaving()) throw error;
    }
    this.#forgetConfirmed();
  }

  /** What is not acknowledged is at the end. */
  #forgetConfirmed(): void {
    const most = this.#options.isLeaving()
      ? maxUnconfirmedBytes
      : Math.min(this.#sink.unacknowledgedBytes, maxUnconfirmedBytes);
    let bytes = this.#unconfirmed.reduce((sum, { length }) => sum + length, 0);
    for (let first = this.#unconfirmed[0]; first !== undefined && bytes - first.length >= most; ) {
      bytes -= first.length;
      this.#unconfirmed.shift();
      [first] = this.#unconfirmed;
    }
  }
}
