import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import { bufferText } from './buffer-text.ts';
import { emulatorTheme } from './emulator-theme.ts';
import { restrainEmulator } from './restrain-emulator.ts';

const scrollbackLines = 5000;
/** What a terminal may be at most; the control plane refuses more. */
const largest = { columns: 500, rows: 200 } as const;
/** A window that is dragged gives many sizes; the guest is told the last one. */
const settleMs = 80;
/** Output that waits to be drawn; what comes beyond is left out, and counted. */
const maxWaitingBytes = 8 * 1024 * 1024;
const nothing = new Uint8Array(0);
/** Ends whatever sequence the output was cut in. */
const cancel = new Uint8Array([0x18]);

export interface EmulatorSize {
  readonly columns: number;
  readonly rows: number;
}

export interface EmulatorKeys {
  /** Ctrl+Shift+L: the keyboard goes back to the page. */
  readonly leave: () => void;
  readonly search: () => void;
  readonly copy: () => void;
  /** A character was typed though nobody may type. */
  readonly refused: () => void;
}

/** A terminal on the page: draws what it is given, and gives what is typed. Knows no connection. */
export class Emulator {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  /** What the keys of the page itself do. Set by who shows it. */
  keys: EmulatorKeys | undefined;
  onInput: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined;
  /** The size that the window has room for, when it changes. */
  onFit: (size: EmulatorSize) => void = () => undefined;
  readonly #element: HTMLElement;
  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitingBytes = 0;
  #hiddenBytes = 0;

  constructor(element: HTMLElement, label: string) {
    this.#element = element;
    this.terminal = new Terminal({
      ...{ allowProposedApi: true, screenReaderMode: true, scrollback: scrollbackLines, logLevel: 'off' },
      ...{ cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches, cursorInactiveStyle: 'outline' },
      fontFamily: getComputedStyle(element).getPropertyValue('--ik-mono').trim() || 'monospace',
      ...{ lineHeight: 1.2, minimumContrastRatio: 4.5, macOptionIsMeta: true, rightClickSelectsWord: true },
      // Links of the guest's choice lead nowhere; see restrainEmulator.
      linkHandler: { activate: () => undefined },
    });
    restrainEmulator(this.terminal);
    this.terminal.loadAddon(this.#fit);
    this.terminal.loadAddon(this.search);
    this.terminal.open(element);
    this.terminal.textarea?.setAttribute('aria-label', label);
    this.terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    const encoder = new TextEncoder();
    this.terminal.onData((text) => this.onInput(encoder.encode(text)));
    // Old mouse reports: a byte each, which is no UTF-8.
    this.terminal.onBinary((text) => this.onInput(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    this.#observer = new ResizeObserver(() => this.#settle());
    this.#observer.observe(element);
  }

  /** Draws output. `onDrawn` is called when it is on the screen, or was left out. */
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
      const text = `\r\n[innkeeper: ${this.#hiddenBytes} bytes came too fast to be shown]\r\n`;
      this.#hiddenBytes = 0;
      this.terminal.write(text);
    });
  }

  /** Does something when all that was written before is on the screen, and before what is written after. */
  after(act: () => void): void {
    this.terminal.write(nothing, act);
  }

  /** An empty screen, of this size if one is given. In its order among the writes. */
  clear(size?: EmulatorSize): void {
    this.terminal.write(cancel, () => {
      this.terminal.reset();
      if (size !== undefined) this.terminal.resize(size.columns, size.rows);
    });
  }

  /** What the window has room for; undefined while it is hidden. */
  get room(): EmulatorSize | undefined {
    const proposed = this.#fit.proposeDimensions();
    if (proposed === undefined || !(proposed.cols > 1) || !(proposed.rows > 0)) return undefined;
    return {
      columns: Math.min(proposed.cols, largest.columns),
      rows: Math.min(proposed.rows, largest.rows),
    };
  }

  /** Takes the size that there is room for, and says so. */
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

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#element.isConnected) this.fit();
    }, settleMs);
  }

  /** Whether the key is the terminal's. Ctrl+Shift and a letter are the page's, as in other terminals. */
  #onKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true;
    if (event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey) {
      const act = { c: this.keys?.copy, f: this.keys?.search, l: this.keys?.leave }[event.key.toLowerCase()];
      if (act !== undefined) {
        event.preventDefault();
        event.stopPropagation();
        act();
        return false;
      }
      // The browser pastes.
      if (event.key.toLowerCase() === 'v') return false;
    }
    return this.terminal.options.disableStdin === true ? this.#onReaderKey(event) : true;
  }

  /** Of who only reads: scrolls; everything else, Tab above all, is the page's. */
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
