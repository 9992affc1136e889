import type { Welcome } from '@innkeeper/contract/agent';
import { MalformedMessageError } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { carries, isSound } from './frame-layout.ts';
import { maxIdleBytes, nonceBytes } from './limits.ts';
import type { NativePayload } from './payload.ts';
import { WelcomeSearch } from './welcome-search.ts';

/** `malformed` ends the session: nothing more comes until the next `begin`. */
export type NodeIncoming =
  | { readonly type: 'welcome'; readonly welcome: Welcome }
  | { readonly type: 'frame'; readonly payload: NativePayload }
  | { readonly type: 'malformed'; readonly why: string };

/**
 * The node's end of the native dialect. After `begin` it drops every byte until the welcome that carries the nonce; from
 * there on the stream is strict. It keeps at most two frames, and reads a frame only when it is asked for.
 */
export class NodeReceiver {
  readonly #ops: ByteOps;
  readonly #frames = new FrameAssembler();
  #search: WelcomeSearch | undefined;
  #state: 'idle' | 'searching' | 'session' = 'idle';
  #nonce = new Uint8Array(nonceBytes);
  #idleBytes = 0;

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
    this.#idleBytes = 0;
  }

  /**
   * Takes the next bytes of the channel. Frames are decoded one by one as they are pulled, so that the reader decides
   * how many in a turn; all must be pulled before the next push. Views in what it returns are valid until then.
   */
  push(bytes: Uint8Array): Generator<NodeIncoming, void, void> {
    return this.#search === undefined ? this.#read(bytes, 0) : this.#seek(this.#search, bytes);
  }

  *#seek(search: WelcomeSearch, bytes: Uint8Array): Generator<NodeIncoming, void, void> {
    const found = search.push(bytes);
    if (found === undefined) return;
    this.#search = undefined;
    if (found === 'misled') {
      yield this.#fail('Frames with the nonce that are no welcome.');
      return;
    }
    this.#state = 'session';
    yield { type: 'welcome', welcome: found.welcome };
    // What came behind the welcome while it was looked for, and then the rest of what was given.
    yield* this.#read(found.behind, 0);
    yield* this.#read(bytes, found.taken);
  }

  *#read(bytes: Uint8Array, from: number): Generator<NodeIncoming, void, void> {
    const frames = this.#frames;
    frames.position = from;
    while (this.#state === 'session' && frames.position < bytes.length) {
      const status = frames.take(bytes);
      if (status === 'malformed') yield this.#fail('Bytes that begin no frame.');
      else if (status === 'frame') {
        const incoming = this.#takeFrame();
        if (incoming !== undefined) yield incoming;
      }
    }
  }

  /** What a frame means; undefined for one that is passed over. */
  #takeFrame(): NodeIncoming | undefined {
    const { bytes, start, end } = this.#frames;
    if (!isSound(bytes, start, end, this.#ops)) return this.#fail('A frame with a wrong checksum.');
    if (!carries(bytes, start, this.#nonce)) return this.#passOver(end - start);
    try {
      const payload = decodePayload(bytes, start, end);
      if (payload.case === 'welcome' || payload.case === undefined) return this.#passOver(end - start);
      return { type: 'frame', payload };
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      return this.#fail(error.message);
    }
  }

  #passOver(bytes: number): NodeIncoming | undefined {
    this.#idleBytes += bytes;
    return this.#idleBytes > maxIdleBytes ? this.#fail('Frames of no meaning without end.') : undefined;
  }

  #fail(why: string): NodeIncoming {
    this.#frames.reset();
    this.#state = 'idle';
    return { type: 'malformed', why };
  }
}
