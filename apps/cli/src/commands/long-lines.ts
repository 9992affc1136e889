import { LineLength, maxLineBytes } from '@innkeeper/client';

interface LongLines {
  /** Call with everything that is sent to the terminal in the guest. */
  readonly add: (bytes: Uint8Array) => void;
  /** Prints the warning if one is due. Call when this terminal no longer shows the one in the guest. */
  readonly report: () => void;
}

/**
 * Warns of lines that the guest's kernel may have cut: with the bell at once, and with a text at the end, since a text in
 * between would spoil the screen of a program in the guest.
 */
export function watchLongLines(): LongLines {
  const line = new LineLength();
  let found = 0;
  return {
    add: (bytes) => {
      if (!line.add(bytes)) return;
      found++;
      if (process.stderr.isTTY) process.stderr.write('\u0007');
    },
    report: () => {
      if (found > 0) process.stderr.write(`inn: ${warning(found)}\n`);
    },
  };
}

function warning(lines: number): string {
  const limit = maxLineBytes.toLocaleString('en');
  const what =
    lines === 1 ? `a line of more than ${limit} bytes was` : `${lines} lines of more than ${limit} bytes were`;
  return `${what} typed or pasted. The guest's kernel passes only the first ${limit} bytes of a line to a program that reads whole lines, such as cat or read. Copy a file instead: inn cp. Editors and shells that read single keys got all of it.`;
}
