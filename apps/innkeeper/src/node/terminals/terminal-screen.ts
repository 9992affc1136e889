import { ignoreHugeCounts } from '@innkeeper/contract/terminal';
import { mib } from '@innkeeper/kit';
import serialize from '@xterm/addon-serialize';
import headless from '@xterm/headless';
import { bytesBeforeCut } from './cut-sequence.ts';
import { modesOf } from './modes-of.ts';
import { SequenceBounds } from './sequence-bounds.ts';

/** Lines above the screen that are kept. */
const scrollbackLines = 2000;
/** Of one drawing; above it, less of the scrollback is drawn. */
const maxDrawingChars = 2 * mib;
const fewLines = 200;
const maxTitleChars = 100;

const esc = '\x1b';
const movesAtEnd = new RegExp(`${esc}\\[(\\d+)B((?:${esc}\\[\\d+[CD])?)$`);

/**
 * What a terminal shows, kept without anybody who looks. xterm holds 12 bytes a cell and more: with the whole scrollback
 * 4 MB at 80 columns and 20 MB at 500, measured. Titles are cut, links are not kept, and what a program can make long (a
 * sequence that never ends, a letter with a million accents) is cut before it is kept: see SequenceBounds.
 */
export class TerminalScreen {
  readonly #terminal: InstanceType<typeof headless.Terminal>;
  readonly #drawer = new serialize.SerializeAddon();
  readonly #bounds = new SequenceBounds();
  /** Private modes that the drawer leaves out: SGR mouse reports, a hidden cursor. */
  readonly #modes = new Map<number, boolean>();
  #region = '';
  #drawnLines = scrollbackLines;
  #title = '';
  /** The beginning of a character or sequence whose end has not come. */
  #cut = new Uint8Array(0);

  constructor(columns: number, rows: number) {
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: scrollbackLines,
      allowProposedApi: true,
      logLevel: 'off',
    });
    // Its types are those of the browser's terminal, of which the drawer uses what this one has as well.
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

  /** What the program calls itself, without control characters; empty when it says nothing. */
  get title(): string {
    return this.#title;
  }

  /** Takes output; resolves when it is on the screen. Calls must not overlap. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#cut = bytesBeforeCut(this.#cut, bytes);
    const text = this.#bounds.take(bytes);
    await new Promise<void>((resolve) => this.#terminal.write(text, resolve));
  }

  /** Not while a write is under way. */
  resize(columns: number, rows: number): void {
    if (columns !== this.columns || rows !== this.rows) this.#terminal.resize(columns, rows);
    this.#drawnLines = scrollbackLines;
    // As terminals do.
    this.#region = '';
  }

  /** Bytes that draw all this on an empty terminal of the same size; output goes on after them. Not during a write. */
  draw(): Uint8Array {
    let text = this.#serialize();
    // It stays at that: drawing a screen that is all colours takes a second at 500 columns.
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
    // A stack of titles would be kept as well.
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
 * The drawer moves the cursor down over rows that are empty. Who draws in the middle of a terminal, as `inn shell` does,
 * needs new lines there.
 */
function withLinesDown(text: string): string {
  return text.replace(movesAtEnd, (_, down: string, sideways: string) => '\n'.repeat(Number(down)) + sideways);
}
