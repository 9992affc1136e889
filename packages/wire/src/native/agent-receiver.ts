import type { Hello } from '@innkeeper/contract/agent';
import { MalformedMessageError } from '@innkeeper/contract/lite';
import type { ByteOps } from '../byte-ops.ts';
import { decodePayload } from './decode-payload.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { carries, isValidFrame, payloadOffset } from './frame-layout.ts';
import { nonceBytes } from './limits.ts';
import type { NativePayload } from './payload.ts';
import { ZeroRun } from './zero-run.ts';

/** `hello` opens a session and ends the previous one; `lost` ends one: no events until the next hello. */
export type AgentIncoming =
  | { readonly type: 'hello'; readonly session: Uint8Array<ArrayBuffer>; readonly hello: Hello }
  | { readonly type: 'frame'; readonly payload: NativePayload }
  | { readonly type: 'lost'; readonly why: string };

/**
 * The agent's end of the native dialect: bytes in, hellos and frames out. It starts without a session, and loses it at
 * every byte that is not part of a valid frame; then only a full run of zeros and a valid hello open a session again
 * (docs/protocol/native.md). It keeps at most two frames.
 */
export class AgentReceiver {
  readonly #ops: ByteOps;
  readonly #frames = new FrameAssembler();
  readonly #zeros: ZeroRun;
  readonly #session = new Uint8Array(nonceBytes);
  /** `opening`: the run of zeros has ended, and the hello must follow. */
  #state: 'lost' | 'opening' | 'session' = 'lost';

  constructor(ops: ByteOps) {
    this.#ops = ops;
    this.#zeros = new ZeroRun(ops);
  }

  /** Handles the next bytes of the channel. Views in the result are valid until the next push. */
  push(bytes: Uint8Array): Iterable<AgentIncoming> {
    const incoming: AgentIncoming[] = [];
    const frames = this.#frames;
    frames.position = 0;
    while (frames.position < bytes.length) {
      if (this.#state === 'lost') {
        const end = this.#zeros.findEnd(bytes, frames.position);
        if (end < 0) break;
        frames.position = end;
        this.#state = 'opening';
      }
      const status = frames.take(bytes);
      if (status === 'frame') {
        const fault = this.#takeFrame(incoming);
        if (fault !== undefined) this.#loseFrame(incoming, fault);
      } else if (status === 'malformed') this.#lose(incoming, frames.held, 'The bytes do not start a frame.');
    }
    return incoming;
  }

  /** The error of the frame; undefined if it is valid. */
  #takeFrame(incoming: AgentIncoming[]): string | undefined {
    const { bytes, start, end } = this.#frames;
    if (!isValidFrame(bytes, start, end, this.#ops)) return 'Checksum mismatch of a frame.';
    // A valid frame of another session is ignored; a hello counts only after a run of zeros.
    if (this.#state === 'session' && !carries(bytes, start, this.#session, this.#ops)) return undefined;
    let payload: NativePayload;
    try {
      payload = decodePayload(bytes, start, end);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      return error.message;
    }
    if (this.#state === 'session') {
      if (payload.case !== 'hello' && payload.case !== undefined) incoming.push({ type: 'frame', payload });
      return undefined;
    }
    if (payload.case !== 'hello') return 'No hello after the run of zeros.';
    this.#session.set(bytes.subarray(start + payloadOffset - nonceBytes, start + payloadOffset));
    this.#state = 'session';
    incoming.push({ type: 'hello', session: this.#session.slice(), hello: payload.value });
    return undefined;
  }

  /** The bytes of an invalid frame count towards the run of zeros. */
  #loseFrame(incoming: AgentIncoming[], why: string): void {
    const { bytes, start, end, assembled } = this.#frames;
    if (!assembled) this.#frames.position = start;
    this.#lose(incoming, assembled ? bytes.subarray(start, end) : bytes.subarray(0, 0), why);
  }

  #lose(incoming: AgentIncoming[], failed: Uint8Array, why: string): void {
    this.#zeros.restart(failed);
    this.#frames.reset();
    if (this.#state === 'session') incoming.push({ type: 'lost', why });
    this.#state = 'lost';
  }
}
