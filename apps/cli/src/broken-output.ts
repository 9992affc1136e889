import { exitCodes } from './exit-codes.ts';
import { printError } from './output/print-error.ts';

interface Ending {
  /** Run before this process exits. */
  readonly act: () => Promise<void>;
  /** The exit code if output failed for another reason than a closed pipe, such as a full disk. */
  readonly failureCode: number;
}

let ending: Ending | undefined;
let exitCode: number | undefined;

/**
 * Handles failures of the standard streams. Output whose reader has closed the pipe ("inn ls | head") ends this process
 * with 141 and without a message, as SIGPIPE would; other failures are printed. Standard error is only for people: if it
 * is closed or full, its messages are lost and nothing else.
 */
export function watchOutput(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (exitCode !== undefined) return;
    exitCode = error.code === 'EPIPE' ? exitCodes.brokenPipe : (ending?.failureCode ?? exitCodes.general);
    if (error.code !== 'EPIPE') printError(error, false);
    void exitAfter(ending?.act);
  });
}

/** The exit code once standard output has failed; undefined before. */
export function brokenOutputCode(): number | undefined {
  return exitCode;
}

/**
 * Runs `act` when standard output fails, and exits once it has resolved; output is discarded meanwhile. The returned
 * function removes it.
 */
export function onBrokenOutput(act: () => Promise<void>, failureCode: number): () => void {
  const mine = { act, failureCode };
  ending = mine;
  return () => {
    if (ending === mine) ending = undefined;
  };
}

async function exitAfter(act: (() => Promise<void>) | undefined): Promise<void> {
  try {
    await act?.();
  } catch (error) {
    printError(error, false);
  }
  process.exit(exitCode);
}
