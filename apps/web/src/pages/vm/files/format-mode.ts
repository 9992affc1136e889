import { FileKind } from '@innkeeper/contract/agent';

const kindLetters: Readonly<Record<FileKind, string>> = {
  [FileKind.UNSPECIFIED]: '?',
  [FileKind.REGULAR]: '-',
  [FileKind.DIRECTORY]: 'd',
  [FileKind.SYMLINK]: 'l',
  [FileKind.CHARACTER_DEVICE]: 'c',
  [FileKind.BLOCK_DEVICE]: 'b',
  [FileKind.FIFO]: 'p',
  [FileKind.SOCKET]: 's',
};

/** "-rw-r--r--", as ls has it. */
export function formatMode(kind: FileKind, mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, index) => ((mode & (1 << (8 - index))) === 0 ? '-' : letter));
  for (const [bit, place, letter] of [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const)
    if ((mode & bit) !== 0) letters[place] = letters[place] === 'x' ? letter : letter.toUpperCase();
  return `${kindLetters[kind] ?? '?'}${letters.join('')}`;
}

/** "0644". */
export function octalMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** The bits of an octal text, 0 to 07777; undefined when it is none. */
export function parseMode(text: string): number | undefined {
  return /^0?[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

const kindNames: Readonly<Record<FileKind, string>> = {
  [FileKind.UNSPECIFIED]: 'unknown',
  [FileKind.REGULAR]: 'file',
  [FileKind.DIRECTORY]: 'folder',
  [FileKind.SYMLINK]: 'link',
  [FileKind.CHARACTER_DEVICE]: 'character device',
  [FileKind.BLOCK_DEVICE]: 'block device',
  [FileKind.FIFO]: 'named pipe',
  [FileKind.SOCKET]: 'socket',
};

/** What a file is, in words. */
export function kindName(kind: FileKind): string {
  return kindNames[kind] ?? 'unknown';
}
