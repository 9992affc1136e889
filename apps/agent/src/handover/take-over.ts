import { HostError } from '@innkeeper/agent-core';
import * as host from 'host';
import type { ProgramState } from './hand-over.ts';
import { headBytes, keptChannels } from './kept-channels.ts';

const maxTextBytes = 64 * 1024 * 1024;

/** What an earlier program of this process has handed over. Throws if it cannot be read. */
export function takeOver(memory: number, cameBack: boolean) {
  const count = wordsAt(memory, 4, 1)[0] ?? 0;
  const textAt = headBytes + 4 * count + 4;
  const [textBytes = 0] = wordsAt(memory, textAt - 4, 1);
  if (textBytes < 0 || textBytes > maxTextBytes) throw new HostError('EINVAL', 'handover');
  const text = host.decodeUtf8(bytesAt(memory, textAt, textBytes), true) ?? '';
  const { umask, sockets, ports, blobs, agent } = JSON.parse(text) as ProgramState;
  for (const [path, fd] of sockets) keptChannels.sockets.set(path, fd);
  for (const [name, fd] of ports) keptChannels.ports.set(name, fd);
  const offsets: number[] = [];
  let offset = textAt + textBytes;
  for (const length of blobs) {
    offsets.push(offset);
    offset += length;
  }
  return {
    umask,
    agent: {
      value: agent,
      isOnTrial: !cameBack,
      blob: (index: number) => bytesAt(memory, offsets[index] ?? 0, blobs[index] ?? 0),
    },
  };
}

export type TakenOver = ReturnType<typeof takeOver>;

function wordsAt(memory: number, offset: number, count: number): Int32Array {
  return new Int32Array(bytesAt(memory, offset, 4 * count).buffer);
}

function bytesAt(memory: number, offset: number, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  if (count > 0 && host.read(memory, bytes, 0, count, offset) !== count) throw new HostError('EIO', 'handover');
  return bytes;
}
