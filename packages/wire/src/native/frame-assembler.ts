import { beginsWithMagic, readHeader } from './frame-layout.ts';
import { headerBytes, maxFrameBytes } from './limits.ts';

/** `frame`: one is complete. `more`: all bytes were taken and it is incomplete. `malformed`: no frame starts here. */
export type AssemblerStatus = 'frame' | 'more' | 'malformed';

/**
 * Splits a stream into frames. A frame that is contiguous in the input is left there; one that arrives in parts is
 * assembled in one of two alternating buffers, so that the previous frame stays readable. Buffers are allocated on
 * first use and never grow: a length is checked as soon as its header is complete, before anything is stored.
 */
export class FrameAssembler {
  #buffers: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  #turn: 0 | 1 = 0;
  #held = 0;
  /** The last complete frame. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Position of the next byte in the last input. */
  position = 0;

  /** Bytes of an incomplete frame. */
  get held(): Uint8Array {
    return this.#held === 0 ? new Uint8Array(0) : this.#buffer().subarray(0, this.#held);
  }

  /** Whether the last complete frame was assembled in a buffer and is not in the input. */
  assembled = false;

  /**
   * Takes one frame, or the available part of it, from `bytes` at `position`. After 'malformed' the invalid bytes are
   * those in `held` and then those from `position` on.
   */
  take(bytes: Uint8Array): AssemblerStatus {
    return this.#held === 0 ? this.#takeInPlace(bytes) : this.#takeMore(bytes);
  }

  /** Drops the incomplete frame. */
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
