import { FileKind } from './gen/agent/v1/file_types_pb.ts';

const letters: Readonly<Partial<Record<number, string>>> = {
  [FileKind.REGULAR]: '-',
  [FileKind.DIRECTORY]: 'd',
  [FileKind.SYMLINK]: 'l',
  [FileKind.CHARACTER_DEVICE]: 'c',
  [FileKind.BLOCK_DEVICE]: 'b',
  [FileKind.FIFO]: 'p',
  [FileKind.SOCKET]: 's',
};

/** As ls writes it: "drwxr-xr-x", "-rwsr-xr-t". */
export function formatFileMode(kind: FileKind, mode: number): string {
  const bits = [...'rwxrwxrwx'].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  for (const [bit, index, letter] of [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const)
    if ((mode & bit) !== 0) bits[index] = bits[index] === 'x' ? letter : letter.toUpperCase();
  return `${letters[kind] ?? '?'}${bits.join('')}`;
}
