import { FileKind } from '@innkeeper/contract/agent';

/** Formats permission bits: "0644". */
export function octalMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Parses octal permission bits, 0 to 07777; undefined if invalid. */
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

/** Names the type of a file. */
export function kindName(kind: FileKind): string {
  return kindNames[kind] ?? 'unknown';
}
