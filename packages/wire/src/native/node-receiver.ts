import type { Welcome } from '@innkeeper/contract/agent';
import { MalformedMessageError } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { carries, isValidFrame } from './frame-layout.ts';
import { maxIdleBytes, nonceBytes } from './limits.ts';
import type { NativePayload } from './payload.ts';
import { WelcomeSearch } from './welcome-search.ts';

/** `malformed` ends the session: no events until the next `begin`. */
export type NodeIncoming =
  | { readonly type: 'welcome'; readonly welcome: Welcome }
  | { readonly type: 'frame'; readonly payload: NativePayload }
  | { readonly type: 'malformed'; readonly why: string };

/**
 * The node's end of the native dialect. After `begin` it drops every byte until the welcome with the nonce; from there
 * on the stream is strict. It keeps at most two frames, and decodes a frame only when it is pulled.
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

  /** Call it when a hello with this nonce is sent; the previous session, if any, is over. */
  begin(nonce: Uint8Array): void {
    if (nonce.length !== nonceBytes) throw new RangeError(`A nonce has ${nonceBytes} bytes, not ${nonce.length}.`);
    this.#nonce = nonce.slice();
    this.#frames.reset();
    this.#search = new WelcomeSearch(this.#nonce, this.#ops);
    this.#state = 'searching';
    this.#idleBytes = 0;
  }

  /**
   * Handles the next bytes of the channel. Frames are decoded one by one as they are pulled, so that the reader decides
   * how many per turn; all must be pulled before the next push. Views in the result are valid until then.
   */
  push(bytes: Uint8Array): Generator<NodeIncoming, void, void> {
    return this.#search === undefined ? this.#read(bytes, 0) : this.#seek(this.#search, bytes);
  }

  *#seek(search: WelcomeSearch, bytes: Uint8Array): Generator<NodeIncoming, void, void> {
    const found = search.push(bytes);
    if (found === undefined) return;
    this.#search = undefined;
    if (found === 'misled') {
      yield this.#fail('Too many frames with the nonce that are not a welcome.');
      return;
    }
    this.#state = 'session';
    yield { type: 'welcome', welcome: found.welcome };
    // The bytes after the welcome that the search had kept, and then the rest of the input.
    yield* this.#read(found.behind, 0);
    yield* this.#read(bytes, found.taken);
  }

  *#read(bytes: Uint8Array, from: number): Generator<NodeIncoming, void, void> {
    const frames = this.#frames;
    frames.position = from;
    while (this.#state === 'session' && frames.position < bytes.length) {
      const status = frames.take(bytes);
      if (status === 'malformed') yield this.#fail('The bytes do not start a frame.');
      else if (status === 'frame') {
        const incoming = this.#takeFrame();
        if (incoming !== undefined) yield incoming;
      }
    }
  }

  /** The event of a frame; undefined for one that is skipped. */
  #takeFrame(): NodeIncoming | undefined {
    const { bytes, start, end } = this.#frames;
    if (!isValidFrame(bytes, start, end, this.#ops)) return this.#fail('Checksum mismatch of a frame.');
    if (!carries(bytes, start, this.#nonce, this.#ops)) return this.#skip(end - start);
    try {
      const payload = decodePayload(bytes, start, end);
      if (payload.case === 'welcome' || payload.case === undefined) return this.#skip(end - start);
      return { type: 'frame', payload };
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      return this.#fail(error.message);
    }
  }

  #skip(bytes: number): NodeIncoming | undefined {
    this.#idleBytes += bytes;
    return this.#idleBytes > maxIdleBytes ? this.#fail('Too many frames without meaning.') : undefined;
  }

  #fail(why: string): NodeIncoming {
    this.#frames.reset();
    this.#state = 'idle';
    return { type: 'malformed', why };
  }
}
