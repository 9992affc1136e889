export interface TextWithoutKeysOptions {
  /** Sends text to the guest as if it had been typed. */
  readonly send: (text: string) => void;
  /** Calls back after everything that is already due, as `setTimeout` of 0 does. */
  readonly defer: (act: () => void) => void;
}

/**
 * Finds text that the browser inserted without keys: from an emoji picker, dictation, a keyboard of Android, a password
 * manager. xterm.js leaves it out in its mode for screen readers, where typed keys insert text as well; so what counts is
 * whether it sent anything for the key or the insertion.
 */
export class TextWithoutKeys {
  readonly #options: TextWithoutKeysOptions;
  #sent = 0;
  #sentBefore: number | undefined;

  constructor(options: TextWithoutKeysOptions) {
    this.#options = options;
  }

  /** A key was pressed, before the emulator handles it. */
  keyDown(): void {
    this.#sentBefore = this.#sent;
  }

  /** The key is over: what is inserted now does not come from it. */
  keyUp(): void {
    this.#sentBefore = undefined;
  }

  /** The emulator sent input. */
  sent(): void {
    this.#sent++;
  }

  /** Text was inserted into the emulator's hidden field. */
  inserted(text: string): void {
    const before = this.#sentBefore ?? this.#sent;
    this.#sentBefore = undefined;
    // The emulator sends what an input method composed a moment later.
    this.#options.defer(() => {
      if (this.#sent === before) this.#options.send(text);
    });
  }
}
