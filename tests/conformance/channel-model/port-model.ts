import type { Channel } from '@innkeeper/kit';
import { Lane } from './lane.ts';

/** How much a guest can write without a reader: 128 buffers of 32 KiB, and a socket's buffer. */
export const acceptedBytes = 4_420_000;
/** How much a host can write while the guest does not read. */
const pushedBytes = 730_000;
/** Maximum bytes of one read by the guest. */
const readBytes = 4096;

/** Where and how a connection breaks. */
export interface Cut {
  /** Counted over the port's lifetime: only this many bytes arrive. */
  readonly direction: 'to-agent' | 'to-node';
  readonly atByte: number;
  /**
   * The fate of unread bytes, on both sides: `lost`; `kept` for the next node, which finds stale replies; `middle`: the
   * first half is lost, so that the stream begins in the middle of a frame.
   */
  readonly pending: 'lost' | 'kept' | 'middle';
  /** Whether the node sees an end. If not, its writes succeed but are lost, and it reads nothing. */
  readonly nodeNotices: boolean;
  /** Also cut every later connection after as many further bytes. */
  readonly everyBytes?: number;
}

/**
 * A model of a virtio-serial port: the agent keeps one end open and never notices that a node disconnects; nodes connect
 * and disconnect; a successful write proves nothing; bytes of an earlier node, and replies to it, may be in the pipe.
 */
export class PortModel {
  readonly #cut: Cut | undefined;
  readonly #toAgent = new Lane(pushedBytes);
  readonly #toNode = new Lane(acceptedBytes);
  #connection: Connection | undefined;
  #toAgentBytes = 0;
  #toNodeBytes = 0;
  #connections = 0;
  #agentStopped = false;
  /** Number of bytes in the cut's direction at which it happens. */
  #cutAt = 0;
  #nodeStalled = false;
  /** The fate of replies is decided when the next node connects, since the agent may write more until then. */
  #pendingToNode: Cut['pending'] | undefined;
  /** Called with everything that a node writes. */
  onNodeWrite: ((bytes: Uint8Array) => void) | undefined;
  readonly agentEnd: Channel;

  constructor(cut?: Cut) {
    this.#cut = cut;
    this.#cutAt = cut?.atByte ?? Number.POSITIVE_INFINITY;
    const close = async (): Promise<void> => this.stopAgent();
    this.agentEnd = {
      name: 'virtio:org.innkeeper.agent.0',
      read: (options) => this.#readAsAgent(options?.signal),
      write: (bytes) => this.#writeAsAgent(bytes),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Numbers of bytes that reached the agent and the node so far. */
  get counts(): { readonly toAgent: number; readonly toNode: number; readonly connections: number } {
    return { toAgent: this.#toAgentBytes, toNode: this.#toNodeBytes, connections: this.#connections };
  }

  /** A node connects; an earlier one that is still connected is closed. */
  async attach(): Promise<Channel> {
    this.#disconnect(true);
    this.#connections++;
    const connection = new Connection();
    this.#connection = connection;
    this.#cutWhenDue();
    const close = async (): Promise<void> => {
      connection.closed = true;
      connection.ended = true;
      this.#wake();
    };
    return {
      name: 'unix:model',
      read: (options) => this.#readAsNode(connection, options?.signal),
      write: (bytes) => this.#writeAsNode(connection, bytes),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Breaks the connection; `pending` is the fate of bytes in the pipe. */
  breakNow(pending: Cut['pending'], nodeNotices: boolean): void {
    settlePending(this.#toAgent, pending);
    this.#pendingToNode = pending;
    this.#disconnect(nodeNotices);
  }

  /** The node stays connected but stops reading until its connection breaks. */
  stallNode(): void {
    this.#nodeStalled = true;
  }

  /** Number of unread bytes from the agent in the pipe. */
  get pendingToNodeBytes(): number {
    return this.#toNode.bytes;
  }

  /** Adds stale bytes of earlier peers to both pipes. */
  leaveBehind(toAgent: Uint8Array, toNode: Uint8Array): void {
    this.#toAgent.put(toAgent);
    this.#toNode.put(toNode);
  }

  /** Closes the agent's end, as if its program ended. */
  stopAgent(): void {
    this.#agentStopped = true;
    this.#wake();
  }

  async #readAsAgent(signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#agentStopped) return undefined;
      const bytes = this.#toAgent.take(Math.min(readBytes, this.#leftUntilCut('to-agent', this.#toAgentBytes)));
      if (bytes !== undefined) {
        this.#toAgentBytes += bytes.length;
        this.#cutWhenDue();
        return bytes;
      }
      await this.#change(this.#toAgent, signal);
    }
  }

  async #writeAsAgent(bytes: Uint8Array): Promise<void> {
    while (!this.#toNode.hasRoom && !this.#agentStopped) await this.#toNode.change();
    if (this.#agentStopped) throw new Error('The port is closed.');
    this.#toNode.put(bytes);
  }

  async #readAsNode(connection: Connection, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    if (this.#pendingToNode !== undefined && !connection.cut) {
      settlePending(this.#toNode, this.#pendingToNode);
      this.#pendingToNode = undefined;
    }
    for (;;) {
      signal?.throwIfAborted();
      if (!connection.cut && !connection.closed && !this.#nodeStalled) {
        const bytes = this.#toNode.take(this.#leftUntilCut('to-node', this.#toNodeBytes));
        if (bytes !== undefined) {
          this.#toNodeBytes += bytes.length;
          this.#cutWhenDue();
          return bytes;
        }
      }
      if (connection.ended) return undefined;
      await this.#change(this.#toNode, signal);
    }
  }

  async #writeAsNode(connection: Connection, bytes: Uint8Array): Promise<void> {
    this.onNodeWrite?.(bytes);
    while (!connection.cut && !connection.closed && !this.#toAgent.hasRoom) await this.#toAgent.change();
    if (connection.closed || (connection.cut && connection.ended)) throw new Error('The connection is closed.');
    // Accepted and lost: nobody is at the other end.
    if (connection.cut) return;
    this.#toAgent.put(bytes);
  }

  /** Remaining bytes before the cut. */
  #leftUntilCut(direction: Cut['direction'], passed: number): number {
    return this.#cut?.direction === direction ? this.#cutAt - passed : Number.POSITIVE_INFINITY;
  }

  #cutWhenDue(): void {
    const cut = this.#cut;
    if (cut === undefined) return;
    const passed = cut.direction === 'to-agent' ? this.#toAgentBytes : this.#toNodeBytes;
    if (passed < this.#cutAt) return;
    this.#cutAt += cut.everyBytes ?? Number.POSITIVE_INFINITY;
    this.breakNow(cut.pending, cut.nodeNotices);
  }

  #disconnect(nodeNotices: boolean): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#nodeStalled = false;
    if (connection !== undefined) {
      connection.cut = true;
      connection.ended = nodeNotices;
    }
    this.#wake();
  }

  async #change(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    const onAbort = (): void => lane.wake();
    signal?.addEventListener('abort', onAbort);
    await lane.change();
    signal?.removeEventListener('abort', onAbort);
  }

  #wake(): void {
    this.#toAgent.wake();
    this.#toNode.wake();
  }
}

/** State of a node's connection. */
class Connection {
  /** No bytes pass any more. */
  cut = false;
  /** The node sees the end. */
  ended = false;
  /** Closed by the node itself. */
  closed = false;
}

function settlePending(lane: Lane, pending: Cut['pending']): void {
  if (pending === 'lost') lane.drop(Number.POSITIVE_INFINITY);
  if (pending === 'middle') lane.drop(Math.ceil(lane.bytes / 2));
}
