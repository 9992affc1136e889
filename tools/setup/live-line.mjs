// Shows the progress of a step on stderr: on a terminal one line with the elapsed seconds, elsewhere occasional lines.

const firstLineMs = 2000;
const terminalMs = 1000;
const plainMs = 15_000;

/** Shows a step named `name` once it takes longer than 2 s. `stop` removes the line from a terminal. */
export function showStep(name, stream = process.stderr) {
  const started = performance.now();
  const seconds = () => Math.floor((performance.now() - started) / 1000);
  let detail = '';
  let isShown = false;
  const clear = () => {
    if (isShown && stream.isTTY) stream.write('\r\u001b[2K');
    isShown = false;
  };
  const draw = () => {
    if (stream.isTTY) {
      const line = `${name} … ${seconds()} s${detail === '' ? '' : `  ${detail}`}`;
      stream.write(`\r\u001b[2K${line.slice(0, Math.max(20, (stream.columns || 80) - 1))}`);
      isShown = true;
    } else stream.write(seconds() < 5 ? `${name} …\n` : `${name} … ${seconds()} s\n`);
  };
  let repeat;
  const first = setTimeout(() => {
    draw();
    repeat = setInterval(draw, stream.isTTY ? terminalMs : plainMs);
  }, firstLineMs);
  return {
    /** Sets the current detail of the step; only shown on terminals. */
    note(text) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: output of programs must not move the cursor.
      detail = text.replace(/[\u0000-\u001f\u007f]/g, ' ').trim();
    },
    /** Prints a line above the progress line. */
    print(line) {
      clear();
      stream.write(`${line}\n`);
    },
    stop() {
      clearTimeout(first);
      clearInterval(repeat);
      clear();
      return ((performance.now() - started) / 1000).toFixed(1);
    },
  };
}
