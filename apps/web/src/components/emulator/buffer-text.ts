import type { IBuffer } from '@xterm/xterm';

/** Returns a terminal's screen and scrollback as text: wrapped lines are joined, trailing blanks removed. */
export function bufferText(buffer: Pick<IBuffer, 'length' | 'getLine'>): string {
  const lines: string[] = [];
  for (let index = 0; index < buffer.length; index++) {
    const line = buffer.getLine(index);
    if (line === undefined) continue;
    const next = buffer.getLine(index + 1);
    const text = line.translateToString(next?.isWrapped !== true);
    if (line.isWrapped && lines.length > 0) lines.push(`${lines.pop() ?? ''}${text}`);
    else lines.push(text);
  }
  const trimmed = lines.map((line) => line.trimEnd());
  while (trimmed.at(-1) === '') trimmed.pop();
  return trimmed.map((line) => `${line}\n`).join('');
}
