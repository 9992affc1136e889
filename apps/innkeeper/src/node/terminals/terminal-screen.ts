import { ignoreHugeCounts } from '@innkeeper/contract/terminal';
import { mib } from '@innkeeper/kit';
import serialize from '@xterm/addon-serialize';
import headless from '@xterm/headless';
import { bytesBeforeCut } from './cut-sequence.ts';
import { modesOf } from './modes-of.ts';
import { SequenceBounds } from './sequence-bounds.ts';

/** Number of lines of scrollback. */
const scrollbackLines = 2000;
/** Maximum size of a redraw; beyond it, less of the scrollback is included. */
const maxDrawingChars = 2 * mib;
const fewLines = 200;
const maxTitleChars = 100;

const esc = '\x1b';
const movesAtEnd = new RegExp(`${esc}\\[(\\d+)B((?:${esc}\\[\\d+[CD])?)$`);

/**
 * The screen of a terminal, kept even without viewers. xterm needs at least 12 bytes per cell: with full scrollback 4 MB
 * at 80 columns and 20 MB at 500, measured. Titles are cut, links are dropped, and anything that a program can make very
 * long (an unterminated sequence, a letter with a million accents) is cut before it is stored: see SequenceBounds.
 */
export class TerminalScreen {
  readonly #terminal: InstanceType<typeof headless.Terminal>;
  readonly #drawer = new serialize.SerializeAddon();
  readonly #bounds = new SequenceBounds();
  /** Private modes that the serializer leaves out: SGR mouse reports, hidden cursor. */
  readonly #modes = new Map<number, boolean>();
  #region = '';
  #drawnLines = scrollbackLines;
  #title = '';
  /** An incomplete character or sequence at the end of the output. */
  #cut = new Uint8Array(0);

  constructor(columns: number, rows: number) {
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: scrollbackLines,
      allowProposedApi: true,
      logLevel: 'off',
    });
    // Its types are for the browser's terminal; the serializer only uses what the headless one has, too.
    this.#terminal.loadAddon(this.#drawer as never);
    ignoreHugeCounts(this.#terminal);
    this.#watchSequences();
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** The title that the program set, without control characters; empty if none. */
  get title(): string {
    return this.#title;
  }

  /** Processes output; resolves when it is on the screen. Calls must not overlap. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#cut = bytesBeforeCut(this.#cut, bytes);
    const text = this.#bounds.take(bytes);
    await new Promise<void>((resolve) => this.#terminal.write(text, resolve));
  }

  /** Must not be called during a write. */
  resize(columns: number, rows: number): void {
    if (columns !== this.columns || rows !== this.rows) this.#terminal.resize(columns, rows);
    this.#drawnLines = scrollbackLines;
    // As other terminals do.
    this.#region = '';
  }

  /** Bytes that draw this screen on an empty terminal of the same size, before further output. Not during a write. */
  draw(): Uint8Array {
    let text = this.#serialize();
    // Kept for later redraws: serializing a screen full of colours takes a second at 500 columns.
    while (text.length > maxDrawingChars && this.#drawnLines > 0) {
      this.#drawnLines = this.#drawnLines > fewLines ? fewLines : 0;
      text = this.#serialize();
    }
    const title = this.#title === '' ? '' : `\x1b]2;${this.#title}\x07`;
    const region = this.#region === '' ? '' : `\x1b[${this.#region}r`;
    const modes = [...this.#modes].map(([mode, on]) => `\x1b[?${mode}${on ? 'h' : 'l'}`).join('');
    const after = `${region}${modesOf(this.#terminal)}${this.#backToCursor()}${modes}`;
    return Buffer.concat([Buffer.from(`${title}${text}${after}`), this.#cut]);
  }

  #serialize(): string {
    return withLinesDown(this.#drawer.serialize({ scrollback: this.#drawnLines, excludeModes: true }));
  }

  /** Setting a region, or origin mode, moves the cursor home. */
  #backToCursor(): string {
    const { originMode } = this.#terminal.modes;
    if (this.#region === '' && !originMode) return '';
    const { cursorX, cursorY } = this.#terminal.buffer.active;
    const top = originMode ? Math.max(1, Number.parseInt(this.#region, 10) || 1) : 1;
    return `\x1b[${cursorY + 2 - top};${cursorX + 1}H`;
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  #watchSequences(): void {
    const { parser } = this.#terminal;
    const takeTitle = (text: string): boolean => {
      this.#title = text.replaceAll(/\p{C}/gu, '').slice(0, maxTitleChars);
      return true;
    };
    parser.registerOscHandler(0, takeTitle);
    parser.registerOscHandler(2, takeTitle);
    for (const ignored of [1, 8]) parser.registerOscHandler(ignored, () => true);
    // A stack of titles would need memory, too.
    parser.registerCsiHandler({ final: 't' }, () => true);
    for (const [final, on] of [
      ['h', true],
      ['l', false],
    ] as const)
      parser.registerCsiHandler({ prefix: '?', final }, (parameters) => {
        for (const mode of parameters.flat())
          if ([25, 1005, 1006, 1015, 1016].includes(mode)) this.#modes.set(mode, on);
        return false;
      });
    parser.registerCsiHandler({ final: 'r' }, (parameters) => {
      const [top = 0, bottom = 0] = parameters.flat();
      this.#region = top <= 1 && (bottom === 0 || bottom >= this.rows) ? '' : `${top};${bottom}`;
      return false;
    });
    for (const reset of [{ final: 'c' }, { intermediates: '!', final: 'p' }]) {
      const onReset = (): boolean => {
        this.#region = '';
        this.#modes.clear();
        return false;
      };
      if ('intermediates' in reset) parser.registerCsiHandler(reset, onReset);
      else parser.registerEscHandler(reset, onReset);
    }
  }
}

/**
 * Replaces cursor movements over empty rows by line breaks, which are needed when the screen is drawn in the middle of
 * another terminal, as `inn shell` does.
 */
function withLinesDown(text: string): string {
  return text.replace(movesAtEnd, (_, down: string, sideways: string) => '\n'.repeat(Number(down)) + sideways);
}
