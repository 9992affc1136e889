/** One answer of a QGA agent to its client. `malformed`: bytes that are not an answer; nothing after them can be trusted. */
export type QgaAnswer =
  | { readonly type: 'return'; readonly value: unknown }
  | { readonly type: 'error'; readonly errorClass: string; readonly description: string }
  | { readonly type: 'malformed'; readonly why: string };

/** The byte before the answer to guest-sync-delimited. It is not valid in UTF-8, so no other answer contains it. */
const sentinel = 0xff;
const newline = 0x0a;

/**
 * Bytes of a QGA agent to its answers. A channel may hold answers to earlier clients and half of one, so everything is
 * dropped until the sentinel that `guest-sync-delimited` asks for; from there on, each line is an answer. Memory is
 * bounded by `expect`.
 */
export class QgaAnswers {
  #isSeeking = true;
  #maxBytes = 0;
  /** Grows by doubling, so that a line that arrives byte by byte costs no more than another one. */
  #line = new Uint8Array(0);
  #length = 0;

  /** Drops everything up to the next sentinel. */
  seek(): void {
    this.#isSeeking = true;
    this.#clear();
  }

  /** Sets the largest answer that is accepted from now on, in bytes. */
  expect(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  push(bytes: Uint8Array): QgaAnswer[] {
    const answers: QgaAnswer[] = [];
    // Each is looked for once and again only when it was passed, so that a chunk costs no more than its length.
    let mark = bytes.indexOf(sentinel);
    let end = bytes.indexOf(newline);
    for (let at = 0; at < bytes.length; ) {
      if (mark >= 0 && mark < at) mark = bytes.indexOf(sentinel, at);
      if (end >= 0 && end < at) end = bytes.indexOf(newline, at);
      if (this.#isSeeking && mark < 0) return answers;
      // A sentinel within an answer begins another one: the first was cut off.
      const isCut = mark >= 0 && (this.#isSeeking || end < 0 || mark < end);
      const stop = isCut ? mark : end < 0 ? bytes.length : end;
      const piece = bytes.subarray(at, stop);
      // Also of one that is cut off, so that it does not matter in which pieces it comes.
      if (!this.#isSeeking && this.#length + piece.length > this.#maxBytes) {
        answers.push({ type: 'malformed', why: `An answer has more than ${this.#maxBytes} bytes.` });
        this.seek();
        return answers;
      }
      if (isCut) {
        this.#isSeeking = false;
        this.#clear();
        at = mark + 1;
        continue;
      }
      this.#append(piece);
      if (end < 0) return answers;
      const answer = this.#finish();
      answers.push(answer);
      // Nothing up to the next sentinel can be trusted.
      if (answer.type === 'malformed') this.#isSeeking = true;
      at = end + 1;
    }
    return answers;
  }

  #append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#line.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#line.length * 2, this.#maxBytes)));
      larger.set(this.#line.subarray(0, this.#length));
      this.#line = larger;
    }
    this.#line.set(piece, this.#length);
    this.#length = needed;
  }

  #finish(): QgaAnswer {
    const line = this.#line.subarray(0, this.#length);
    this.#clear();
    return parseQgaAnswer(line);
  }

  #clear(): void {
    this.#line = new Uint8Array(0);
    this.#length = 0;
  }
}

/** One whole answer. */
export function parseQgaAnswer(line: Uint8Array): QgaAnswer {
  const malformed: QgaAnswer = { type: 'malformed', why: 'An answer is not {"return": …} or {"error": …}.' };
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    return malformed;
  }
  if (!isObject(answer)) return malformed;
  if (Object.hasOwn(answer, 'return')) return { type: 'return', value: answer['return'] };
  const { error } = answer;
  if (!isObject(error)) return malformed;
  const { class: errorClass, desc } = error;
  if (typeof errorClass !== 'string' || typeof desc !== 'string') return malformed;
  return { type: 'error', errorClass, description: desc };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
