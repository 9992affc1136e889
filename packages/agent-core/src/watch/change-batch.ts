import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileChangeSchema, WatchFilesEventSchema } from '@innkeeper/contract/agent';
import { FileChangeKind } from '@innkeeper/contract/agent-lite';
import { AnswerRoom } from '../answer-room.ts';
import type { CallContext } from '../dispatch.ts';

/** Maximum bytes of a change's numbers and tags. */
const changeBytes = 16;

/** Changes on their way to the caller: as many in a message as fit. Repeated changes of one file are one. */
export class ChangeBatch {
  readonly #send: CallContext<typeof WatchFilesEventSchema>['send'];
  #changes: MessageInitShape<typeof FileChangeSchema>[] = [];
  #room = new AnswerRoom();
  readonly #repeatable = new Set<string>();

  constructor(send: CallContext<typeof WatchFilesEventSchema>['send']) {
    this.#send = send;
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
    if (lost || changes.length > 0) await this.#send({ event: { case: 'changes', value: { changes, lost } } });
  }
}
