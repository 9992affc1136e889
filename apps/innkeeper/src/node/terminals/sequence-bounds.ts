/** Maximum length of an OSC, DCS, APC, PM or SOS string; the rest is dropped. */
const maxStringChars = 4096;
/** Maximum combining marks of a character. */
const maxMarks = 8;

const controls = { bel: '\x07', can: '\x18', sub: '\x1a', esc: '\x1b', st: '\x9c' } as const;
/** The end of a string sequence: BEL, ST, or a character that begins or cancels another sequence. */
const stringEnd = new RegExp(`[${Object.values(controls).join('')}]`, 'g');
/** The begin of a string sequence, with ESC or as one C1 character. */
const stringStart = new RegExp(`${controls.esc}[\\]PX^_]|[\u0090\u0098\u009d-\u009f]`, 'g');
/** Characters that xterm combines with the previous cell, and a few that it does not. */
const mark = String.raw`[\p{M}\p{Cf}\u1160-\u11ff\u{e0000}-\u{e0fff}]`;
const firstMarks = new RegExp(`^${mark}+`, 'u');
const lastMarks = new RegExp(`${mark}+$`, 'u');
const tooManyMarks = new RegExp(`(${mark}{${maxMarks}})${mark}+`, 'gu');
/** A quick test for output that needs processing, which is rare. */
const suspicious = new RegExp(`${controls.esc}|[\u0090\u0098\u009d-\u009f]|[^\u0000-\u02ff]`);

/**
 * Converts output bytes to text for which a terminal parser needs little memory. Otherwise the parser would buffer up to
 * 10 MB of an unterminated string, and any number of marks on one character.
 */
export class SequenceBounds {
  readonly #decoder = new TextDecoder();
  /** Length of the open string; undefined outside of strings. */
  #stringChars: number | undefined;
  /** Whether the last piece ended with ESC. */
  #held = '';
  #marks = 0;

  take(bytes: Uint8Array): string {
    let text = this.#held + this.#decoder.decode(bytes, { stream: true });
    this.#held = '';
    if (text.endsWith('\x1b')) {
      this.#held = '\x1b';
      text = text.slice(0, -1);
    }
    if (this.#stringChars === undefined && this.#marks === 0 && !suspicious.test(text)) return text;
    return this.#boundMarks(this.#boundStrings(text));
  }

  #boundStrings(text: string): string {
    let bounded = '';
    let at = 0;
    while (at < text.length) {
      const inString = this.#stringChars !== undefined;
      const pattern = inString ? stringEnd : stringStart;
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      const end = match === null ? text.length : match.index + (inString ? 0 : match[0].length);
      if (this.#stringChars === undefined) bounded += text.slice(at, end);
      else {
        bounded += text.slice(at, Math.min(end, at + maxStringChars - this.#stringChars));
        this.#stringChars = Math.min(maxStringChars, this.#stringChars + end - at);
      }
      if (match !== null) this.#stringChars = inString ? undefined : 0;
      at = end;
    }
    return bounded;
  }

  #boundMarks(given: string): string {
    const before = this.#marks;
    const leading = before === 0 ? 0 : (firstMarks.exec(given)?.[0].length ?? 0);
    const allowed = Math.min(leading, maxMarks - before);
    const bounded = (given.slice(0, allowed) + given.slice(leading)).replaceAll(tooManyMarks, '$1');
    const last = lastMarks.exec(bounded)?.[0].length ?? 0;
    this.#marks = Math.min(maxMarks, last === bounded.length ? before + last : last);
    return bounded;
  }
}
