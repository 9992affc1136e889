export interface TextWithoutKeysOptions {
  /** Sends text to the guest as if it had been typed. */
  readonly send: (text: string) => void;
  /** Calls back after everything that is already due, as `setTimeout` of 0 does. */
  readonly defer: (act: () => void) => void;
}

/**
 * Finds text that the browser inserted without keys: from an emoji picker, dictation, a keyboard of Android, a password
 * manager. xterm.js leaves it out in its mode for screen readers, where typed keys insert text as well; so what counts is
 * whether it sent the key, or is about to read its field. Text is sent while it is inserted: the key pressed next may
 * come before any timer, and would overtake it.
 */
export class TextWithoutKeys {
  readonly #options: TextWithoutKeysOptions;
  #keySent = false;
  /** How often the emulator is about to read the field; it sends what it finds there. */
  #reads = 0;

  constructor(options: TextWithoutKeysOptions) {
    this.#options = options;
  }

  /** A key was pressed, before the emulator handles it. */
  keyDown(): void {
    this.#keySent = false;
  }

  /** The emulator sent the key. Its other input, such as a report of the cursor's position, does not count. */
  keySent(): void {
    this.#keySent = true;
  }

  /** The key is over: what is inserted now does not come from it. */
  keyUp(): void {
    this.#keySent = false;
  }

  /** The emulator waits a moment for what an input method does to its field, and then sends that. */
  emulatorReads(): void {
    this.#reads++;
    this.#options.defer(() => this.#reads--);
  }

  /** Text was inserted into the emulator's hidden field. */
  inserted(text: string): void {
    if (this.#reads > 0) return;
    if (!this.#keySent) this.#options.send(text);
    // One key inserts one text.
    this.#keySent = false;
  }
}
