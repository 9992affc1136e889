/** Of an OSC, DCS, APC, PM or SOS string; what comes beyond is dropped. */
const maxStringChars = 4096;
/** Marks that a letter may carry. */
const maxMarks = 8;

const controls = { bel: '\x07', can: '\x18', sub: '\x1a', esc: '\x1b', st: '\x9c' } as const;
/** Where a string sequence ends: BEL, ST, or what begins or breaks off another sequence. */
const stringEnd = new RegExp(`[${Object.values(controls).join('')}]`, 'g');
/** Begins a string, by ESC or in one character. */
const stringStart = new RegExp(`${controls.esc}[\\]PX^_]|[\u0090\u0098\u009d-\u009f]`, 'g');
/** A character that xterm puts into the cell before it; a few that it does not are among them. */
const mark = String.raw`[\p{M}\p{Cf}\u1160-\u11ff\u{e0000}-\u{e0fff}]`;
const firstMarks = new RegExp(`^${mark}+`, 'u');
const lastMarks = new RegExp(`${mark}+$`, 'u');
const tooManyMarks = new RegExp(`(${mark}{${maxMarks}})${mark}+`, 'gu');
/** Whether there is anything to look at: nearly all output has neither. */
const suspicious = new RegExp(`${controls.esc}|[\u0090\u0098\u009d-\u009f]|[^\u0000-\u02ff]`);

/**
 * Takes output as bytes and gives it as text of which a parser need not keep much: it would hold 10 MB of a string that
 * does not end, and any number of marks on one letter.
 */
export class SequenceBounds {
  readonly #decoder = new TextDecoder();
  /** Characters of the string that is open; undefined outside of strings. */
  #stringChars: number | undefined;
  /** An ESC at the end of the last piece. */
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
