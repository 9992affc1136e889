import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TerminalEvent, TerminalStream } from '@innkeeper/client';
import { TerminalState } from '@innkeeper/contract/control';
import { inn, innText } from '../inn.ts';
import { clientOf } from '../vm-state.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const timeoutMs = 60_000;

/** Collects the output shown to a viewer of a terminal. */
class Shown {
  text = '';
  readonly #stream: TerminalStream;
  readonly #events: AsyncIterator<TerminalEvent>;

  constructor(stream: TerminalStream) {
    this.#stream = stream;
    this.#events = stream[Symbol.asyncIterator]();
  }

  /** Reads until this text was shown. */
  async until(wanted: string): Promise<void> {
    const timer = setTimeout(() => this.#stream.close(), timeoutMs);
    while (!this.text.includes(wanted)) {
      const { value, done } = await this.#events.next();
      if (done === true) assert.fail(`"${wanted}" was not shown: ${JSON.stringify(this.text)}`);
      if (value.type === 'screen') this.text = '';
      if (value.type === 'screen' || value.type === 'output') this.text += Buffer.from(value.data).toString();
    }
    clearTimeout(timer);
  }

  /** Types a line. */
  type(line: string): void {
    this.#stream.write(`${line}\r`);
  }

  resize(columns: number, rows: number): void {
    this.#stream.resize(columns, rows);
  }

  leave(): void {
    this.#stream.close();
  }
}

/** Checks a shell as another user: its size, its screen for later viewers, full-screen programs, its end. */
export async function checkTerminal(vm: string, dataDirectory: string): Promise<void> {
  const { terminals } = clientOf(dataDirectory);
  const { id } = await terminals.create(vm, { user: 'guest', columns: 91, rows: 31 });
  const look = (): Shown => new Shown(terminals.open(vm, id));
  const first = look();
  first.type('stty size; id -un; echo $TERM');
  await first.until('31 91\r\nguest\r\nxterm-256color\r\n');
  first.resize(100, 40);
  first.type('stty size');
  await first.until('40 100\r\n');
  first.leave();

  const again = look();
  await again.until('40 100');
  assert.match(again.text, /31 91\r\nguest/);
  // The alternate screen, with text at a certain position.
  again.type("printf '\\033[?1049h\\033[2J\\033[7;20H%s%s' full screen; read line; printf '\\033[?1049l'");
  await again.until('fullscreen');
  const third = look();
  await third.until('fullscreen');
  assert.ok(third.text.includes('\x1b[?1049h'), JSON.stringify(third.text));
  third.type('');
  await again.until('\x1b[?1049l');
  again.type('top');
  await again.until('PID');
  const fourth = look();
  await fourth.until('PID');
  for (const viewer of [again, third, fourth]) viewer.leave();
  const { state } = await terminals.close(vm, id);
  assert.equal(state, TerminalState.ENDED);
}

/** Checks `inn shell` on a pseudo-terminal: detach with ctrl-], attach again, exit code. */
export async function checkShell(vm: string, dataDirectory: string): Promise<void> {
  const main = join(root, 'apps/cli/src/main.ts');
  const command = `stty cols 77 rows 22; exec '${process.execPath}' '${main}' shell ${vm}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, INNKEEPER_DATA: dataDirectory },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let typed = 0;
  const keys = ['stty size\r', '\x1d'];
  for await (const chunk of child.stdout) {
    text += chunk;
    // Types after the prompt, then after the command's output.
    if (typed === 0 && /[#$] /.test(text)) child.stdin.write(keys[typed++]);
    if (typed === 1 && text.includes('22 77')) child.stdin.write(keys[typed++]);
  }
  clearTimeout(timer);
  const id = /--attach ([0-9a-f]+)/.exec(text)?.[1] ?? assert.fail(JSON.stringify(text));
  assert.match(await innText(['shell', vm, '--ls'], { dataDirectory }), new RegExp(`${id}.* 77×22 +running`));
  const back = await inn(['shell', vm, '--attach', id], { dataDirectory, input: Buffer.from('exit 9\r'), timeoutMs });
  assert.match(back.stdout.toString(), /22 77/);
  assert.equal(back.exitCode, 9);
}
