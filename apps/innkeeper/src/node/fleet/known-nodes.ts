import { clone, fromJsonString, toJsonString } from '@bufbuild/protobuf';
import { type Node, NodeSchema } from '@innkeeper/contract/control';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { NodeRow, Store } from '@innkeeper/store';
import { nanoseconds } from '../operation-message.ts';

/** A node reports that it runs this often. */
const seenEveryMs = 60_000;

/**
 * Keeps what the database knows of this node: how it describes itself now, and once a minute that it runs. Best effort,
 * like everything that only informs. Disposing of it ends that.
 */
export async function keepKnown(
  describe: () => Promise<Node>,
  { store, log }: { readonly store: Store; readonly log: Log },
): Promise<Disposable> {
  const save = async (): Promise<void> => {
    try {
      const node = await describe();
      const startedMs = Number(node.startedUnixNs / 1_000_000n);
      const row = { id: node.id, name: node.name, description: toJsonString(NodeSchema, node), started_ms: startedMs };
      await store.nodes.save({ ...row, seen_ms: Date.now() });
    } catch (error) {
      log.warn('node.not-noted', { message: errorMessage(error) });
    }
  };
  await save();
  const timer = setInterval(() => void save(), seenEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Every known node: this one as it describes itself, the others as they were last seen. */
export async function listNodes(store: Store, answering?: Node): Promise<Node[]> {
  const others = (await store.nodes.list()).filter(({ id }) => id !== answering?.id).map(asLastSeen);
  return answering === undefined ? others : [answering, ...others];
}

function asLastSeen({ id, name, description, seen_ms: seenMs }: NodeRow): Node {
  const node = clone(NodeSchema, fromJsonString(NodeSchema, description, { ignoreUnknownFields: true }));
  // Where a browser reaches it is not known while it does not answer.
  return { ...node, id, name, webUrl: '', lastSeenUnixNs: nanoseconds(seenMs) };
}
