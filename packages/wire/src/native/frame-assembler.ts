import { beginsWithMagic, readHeader } from './frame-layout.ts';
import { headerBytes, maxFrameBytes } from './limits.ts';

/** `frame`: one is whole. `more`: all bytes were taken and it is not whole yet. `malformed`: no frame begins here. */
export type AssemblerStatus = 'frame' | 'more' | 'malformed';

/**
 * Cuts a stream into frames. One that lies whole in the bytes given is left there; one that comes in parts is put
 * together in one of two buffers in turn, so that the frame before it stays readable. Buffers are made when first
 * needed and never grow: a length is checked when its header is there, before anything is kept for it.
 */
export class FrameAssembler {
  #buffers: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  #turn: 0 | 1 = 0;
  #held = 0;
  /** The last whole frame. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Where the next byte to take stands in what was given last. */
  position = 0;

  /** Bytes of a frame that is not whole yet. */
  get held(): Uint8Array {
    return this.#held === 0 ? new Uint8Array(0) : this.#buffer().subarray(0, this.#held);
  }

  /** Whether the last whole frame was put together in a buffer and lies no longer in the bytes that were given. */
  assembled = false;

  /**
   * Takes one frame, or what there is of it, from `bytes` at `position`. At 'malformed' the bytes that are no frame are
   * those in `held` and then those from `position` on.
   */
  take(bytes: Uint8Array): AssemblerStatus {
    return this.#held === 0 ? this.#takeInPlace(bytes) : this.#takeMore(bytes);
  }

  /** Forgets what it holds. */
  reset(): void {
    this.#held = 0;
  }

  #takeInPlace(bytes: Uint8Array): AssemblerStatus {
    const left = bytes.length - this.position;
    if (left === 0) return 'more';
    if (left >= headerBytes) {
      const frameBytes = readHeader(bytes, this.position);
      if (frameBytes === 0) return 'malformed';
      if (left >= frameBytes) {
        this.bytes = bytes;
        this.start = this.position;
        this.end = this.position + frameBytes;
        this.position = this.end;
        this.assembled = false;
        return 'frame';
      }
    } else if (!beginsWithMagic(bytes, this.position, bytes.length)) {
      return 'malformed';
    }
    this.#hold(bytes, left);
    return 'more';
  }

  #takeMore(bytes: Uint8Array): AssemblerStatus {
    const buffer = this.#buffer();
    if (this.#held < headerBytes) {
      this.#hold(bytes, Math.min(headerBytes - this.#held, bytes.length - this.position));
      if (!beginsWithMagic(buffer, 0, this.#held)) return 'malformed';
      if (this.#held < headerBytes) return 'more';
    }
    const frameBytes = readHeader(buffer, 0);
    if (frameBytes === 0) return 'malformed';
    this.#hold(bytes, Math.min(frameBytes - this.#held, bytes.length - this.position));
    if (this.#held < frameBytes) return 'more';
    this.bytes = buffer;
    this.start = 0;
    this.end = frameBytes;
    this.assembled = true;
    this.#held = 0;
    this.#turn = this.#turn === 0 ? 1 : 0;
    return 'frame';
  }

  #hold(bytes: Uint8Array, count: number): void {
    this.#buffer().set(bytes.subarray(this.position, this.position + count), this.#held);
    this.#held += count;
    this.position += count;
  }

  #buffer(): Uint8Array {
    const buffer = this.#buffers[this.#turn] ?? new Uint8Array(maxFrameBytes);
    this.#buffers[this.#turn] = buffer;
    return buffer;
  }
}
