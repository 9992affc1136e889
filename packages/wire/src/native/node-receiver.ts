import type { Welcome } from '@innkeeper/contract/agent';
import { MalformedMessageError } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { carries, isSound } from './frame-layout.ts';
import { nonceBytes } from './limits.ts';
import type { NativePayload } from './payload.ts';
import { WelcomeSearch } from './welcome-search.ts';

/** `malformed` ends the session: nothing more comes until the next `begin`. */
export type NodeIncoming =
  | { readonly type: 'welcome'; readonly welcome: Welcome }
  | { readonly type: 'frame'; readonly payload: NativePayload }
  | { readonly type: 'malformed'; readonly why: string };

/**
 * The node's end of the native dialect. After `begin` it drops every byte until the welcome that carries the nonce; from
 * there on the stream is strict. It keeps at most two frames.
 */
export class NodeReceiver {
  readonly #ops: ByteOps;
  readonly #frames = new FrameAssembler();
  #search: WelcomeSearch | undefined;
  #state: 'idle' | 'searching' | 'session' = 'idle';
  #nonce = new Uint8Array(nonceBytes);

  constructor(ops: ByteOps) {
    this.#ops = ops;
  }

  /** A hello with this nonce is being sent; the session before it, if any, is over. */
  begin(nonce: Uint8Array): void {
    if (nonce.length !== nonceBytes) throw new RangeError(`A nonce has ${nonceBytes} bytes, not ${nonce.length}.`);
    this.#nonce = nonce.slice();
    this.#frames.reset();
    this.#search = new WelcomeSearch(this.#nonce, this.#ops);
    this.#state = 'searching';
  }

  /** Takes the next bytes of the channel. Views in what it returns are valid until the next push. */
  push(bytes: Uint8Array): Iterable<NodeIncoming> {
    const incoming: NodeIncoming[] = [];
    if (this.#search === undefined) this.#read(bytes, 0, incoming);
    else this.#seek(this.#search, bytes, incoming);
    return incoming;
  }

  #seek(search: WelcomeSearch, bytes: Uint8Array, incoming: NodeIncoming[]): void {
    const found = search.push(bytes);
    if (found === undefined) return;
    this.#search = undefined;
    if (found === 'misled') {
      this.#fail(incoming, 'Frames with the nonce that are no welcome.');
      return;
    }
    this.#state = 'session';
    incoming.push({ type: 'welcome', welcome: found.welcome });
    // What came behind the welcome while it was looked for, and then the rest of what was given.
    this.#read(found.behind, 0, incoming);
    this.#read(bytes, found.taken, incoming);
  }

  #read(bytes: Uint8Array, from: number, incoming: NodeIncoming[]): void {
    const frames = this.#frames;
    frames.position = from;
    while (this.#state === 'session' && frames.position < bytes.length) {
      const status = frames.take(bytes);
      const fault = status === 'frame' ? this.#takeFrame(incoming) : undefined;
      if (status === 'malformed') this.#fail(incoming, 'Bytes that begin no frame.');
      else if (fault !== undefined) this.#fail(incoming, fault);
    }
  }

  /** What was wrong with the frame; undefined when nothing was. */
  #takeFrame(incoming: NodeIncoming[]): string | undefined {
    const { bytes, start, end } = this.#frames;
    if (!isSound(bytes, start, end, this.#ops)) return 'A frame with a wrong checksum.';
    if (!carries(bytes, start, this.#nonce)) return undefined;
    try {
      const payload = decodePayload(bytes, start, end);
      if (payload.case !== 'welcome' && payload.case !== undefined) incoming.push({ type: 'frame', payload });
      return undefined;
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      return error.message;
    }
  }

  #fail(incoming: NodeIncoming[], why: string): void {
    this.#frames.reset();
    this.#state = 'idle';
    incoming.push({ type: 'malformed', why });
  }
}
