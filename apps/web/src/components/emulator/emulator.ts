import { LineLength, maxLineBytes } from '@innkeeper/client/browser';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import { showToast } from '../toasts.tsx';
import { bufferText } from './buffer-text.ts';
import { emulatorTheme } from './emulator-theme.ts';
import { restrainEmulator } from './restrain-emulator.ts';
import { TextWithoutKeys } from './text-without-keys.ts';

const scrollbackLines = 5000;
/** Maximum size; the control plane rejects larger terminals. */
const largest = { columns: 500, rows: 200 } as const;
/** Debounce: resizing a window produces many sizes, of which the guest gets the last one. */
const settleMs = 80;
/** Maximum output waiting to be drawn; output beyond is dropped and counted. */
const maxWaitingBytes = 8 * 1024 * 1024;
/** The code of keys that an input method handles. */
const inputMethodKey = 229;
const backspace = '\x7f';
const nothing = new Uint8Array(0);
/** CAN: cancels an escape sequence that was cut off midway. */
const cancelSequence = new Uint8Array([0x18]);

export interface EmulatorSize {
  readonly columns: number;
  readonly rows: number;
}

export interface EmulatorKeys {
  /** Ctrl+Shift+L: returns the focus to the page. */
  readonly leave: () => void;
  readonly search: () => void;
  readonly copy: () => void;
  /** A character was typed in read-only mode. */
  readonly refused: () => void;
}

/** A terminal emulator on the page: draws output and reports input. It is independent of any connection. */
export class Emulator {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  /** Handlers of the page's own keys; set by the component that shows the terminal. */
  keys: EmulatorKeys | undefined;
  onInput: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined;
  /** Called with the size that fits the window when it changes. */
  onFit: (size: EmulatorSize) => void = () => undefined;
  readonly #element: HTMLElement;
  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  readonly #withoutKeys = new TextWithoutKeys({
    send: (text) => this.terminal.input(text),
    defer: (act) => setTimeout(act),
  });
  readonly #line = new LineLength();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitingBytes = 0;
  #hiddenBytes = 0;

  constructor(element: HTMLElement, label: string) {
    this.#element = element;
    this.terminal = new Terminal({
      allowProposedApi: true,
      screenReaderMode: true,
      scrollback: scrollbackLines,
      logLevel: 'off',
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      cursorInactiveStyle: 'outline',
      fontFamily: getComputedStyle(element).getPropertyValue('--ik-mono').trim() || 'monospace',
      lineHeight: 1.2,
      minimumContrastRatio: 4.5,
      macOptionIsMeta: true,
      rightClickSelectsWord: true,
      // Links printed by the guest are not opened; see restrainEmulator.
      linkHandler: { activate: () => undefined },
    });
    restrainEmulator(this.terminal);
    this.terminal.loadAddon(this.#fit);
    this.terminal.loadAddon(this.search);
    this.terminal.open(element);
    this.terminal.textarea?.setAttribute('aria-label', label);
    this.terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    const encoder = new TextEncoder();
    this.terminal.onData((text) => {
      const bytes = encoder.encode(text);
      if (this.#line.add(bytes)) warnOfLongLine();
      this.onInput(bytes);
    });
    this.terminal.onKey(() => this.#withoutKeys.keySent());
    // Before xterm.js handles them.
    element.addEventListener('keydown', () => this.#withoutKeys.keyDown(), { capture: true });
    for (const kind of ['keyup', 'focusin'])
      element.addEventListener(kind, () => this.#withoutKeys.keyUp(), { capture: true });
    // xterm.js sends composed text, and what was inserted right after it.
    element.addEventListener('compositionend', () => this.#withoutKeys.emulatorReads());
    this.terminal.textarea?.addEventListener('input', (event) => this.#onInserted(event));
    // Legacy mouse reports are raw bytes, not UTF-8.
    this.terminal.onBinary((text) => this.onInput(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    this.#observer = new ResizeObserver(() => this.#settle());
    this.#observer.observe(element);
  }

  /** Draws output. `onDrawn` is called when it is on the screen, or was dropped. */
  write(bytes: Uint8Array, onDrawn?: () => void): void {
    if (this.#waitingBytes > maxWaitingBytes) {
      this.#hiddenBytes += bytes.length;
      onDrawn?.();
      return;
    }
    this.#waitingBytes += bytes.length;
    this.terminal.write(bytes, () => {
      this.#waitingBytes -= bytes.length;
      onDrawn?.();
      if (this.#waitingBytes > 0 || this.#hiddenBytes === 0) return;
      const text = `\r\n[innkeeper: ${this.#hiddenBytes} bytes of output were dropped because they arrived too fast]\r\n`;
      this.#hiddenBytes = 0;
      this.terminal.write(text);
    });
  }

  /** Calls `act` after everything written so far is on the screen, and before later writes. */
  after(act: () => void): void {
    this.terminal.write(nothing, act);
  }

  /** Clears the screen, and resizes it if a size is given. Ordered with the writes. */
  clear(size?: EmulatorSize): void {
    this.terminal.write(cancelSequence, () => {
      this.terminal.reset();
      if (size !== undefined) this.terminal.resize(size.columns, size.rows);
    });
  }

  /** The size that fits the window; undefined while it is hidden. */
  get room(): EmulatorSize | undefined {
    const proposed = this.#fit.proposeDimensions();
    if (proposed === undefined || !(proposed.cols > 1) || !(proposed.rows > 0)) return undefined;
    return {
      columns: Math.min(proposed.cols, largest.columns),
      rows: Math.min(proposed.rows, largest.rows),
    };
  }

  /** Resizes the terminal to fit the window, and calls `onFit`. */
  fit(): void {
    const { room } = this;
    if (room === undefined) return;
    if (room.columns !== this.terminal.cols || room.rows !== this.terminal.rows)
      this.terminal.resize(room.columns, room.rows);
    this.onFit(room);
  }

  set readOnly(readOnly: boolean) {
    this.terminal.options.disableStdin = readOnly;
  }

  setScheme(scheme: 'light' | 'dark'): void {
    this.terminal.options.theme = emulatorTheme(scheme);
  }

  setFontSize(pixels: number): void {
    if (this.terminal.options.fontSize === pixels) return;
    this.terminal.options.fontSize = pixels;
    this.#settle();
  }

  /** The screen with its scrollback. */
  text(): string {
    return bufferText(this.terminal.buffer.active);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.terminal.dispose();
  }

  #onInserted(event: Event): void {
    if (!(event instanceof InputEvent) || event.isComposing) return;
    const text = insertedText(event);
    if (text === null) return;
    if (this.terminal.options.disableStdin === true) this.keys?.refused();
    else this.#withoutKeys.inserted(text);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#element.isConnected) this.fit();
    }, settleMs);
  }

  /** Whether the terminal handles the key. Ctrl+Shift with a letter belongs to the page, as in other terminals. */
  #onKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true;
    // xterm.js would compare its field before and after the key, and send a text twice if the next key comes meanwhile.
    if (event.keyCode === inputMethodKey) return false;
    if (event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey) {
      const act = { c: this.keys?.copy, f: this.keys?.search, l: this.keys?.leave }[event.key.toLowerCase()];
      if (act !== undefined) {
        event.preventDefault();
        event.stopPropagation();
        act();
        return false;
      }
      // The browser handles paste.
      if (event.key.toLowerCase() === 'v') return false;
    }
    return this.terminal.options.disableStdin === true ? this.#onReaderKey(event) : true;
  }

  /** Keys in read-only mode scroll; all others, above all Tab, belong to the page. */
  #onReaderKey(event: KeyboardEvent): false {
    const scroll = {
      PageUp: () => this.terminal.scrollPages(-1),
      PageDown: () => this.terminal.scrollPages(1),
      ArrowUp: () => this.terminal.scrollLines(-1),
      ArrowDown: () => this.terminal.scrollLines(1),
      Home: () => this.terminal.scrollToTop(),
      End: () => this.terminal.scrollToBottom(),
    }[event.key];
    if (scroll !== undefined) {
      event.preventDefault();
      scroll();
    } else if (event.key === 'Enter' || (event.key.length === 1 && !event.ctrlKey && !event.metaKey))
      this.keys?.refused();
    return false;
  }
}

/** What an input event sends to the guest; null for composed and pasted text, which xterm.js sends. */
function insertedText({ inputType, data }: InputEvent): string | null {
  if (inputType === 'insertText' || inputType === 'insertReplacementText') return data;
  return inputType === 'deleteContentBackward' ? backspace : null;
}

function warnOfLongLine(): void {
  const limit = maxLineBytes.toLocaleString();
  showToast({
    id: 'terminal-line',
    tone: 'bad',
    title: `A line of more than ${limit} bytes was sent`,
    body: `The guest’s kernel passes only the first ${limit} bytes of a line to a program that reads whole lines, such as cat or read. Upload a file instead. Editors and shells that read single keys get all of it.`,
  });
}
