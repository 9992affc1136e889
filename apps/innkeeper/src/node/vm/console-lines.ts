import type { ConsoleStream } from '@innkeeper/hypervisor';

const maxLines = 10;
const maxLineChars = 200;

/** The last lines of a console without control characters, with which a guest could attack a terminal. */
export function consoleLastLines(history: ReturnType<ConsoleStream['history']>): string {
  const bytes = Buffer.concat([history.head, history.tail]).subarray(-maxLines * maxLineChars * 2);
  return (
    bytes
      .toString('utf8')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
      .replace(/\u001b(\[[0-9;?]*[ -/]*[@-~]|[@-_])/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: so are all other control characters
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')
      .split('\n')
      .map((line) => line.slice(0, maxLineChars).trimEnd())
      .filter((line) => line !== '')
      .slice(-maxLines)
      .join('\n')
  );
}
