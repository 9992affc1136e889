import type { Handover } from '@innkeeper/agent-core';
import { handoverFormat } from '@innkeeper/contract/agent-update';
import * as host from 'host';
import { headBytes, keptChannels } from './kept-channels.ts';

/** What follows the descriptors in the state, as JSON; the blobs follow it. */
export interface ProgramState {
  readonly umask: number;
  readonly sockets: readonly (readonly [path: string, fd: number])[];
  readonly ports: readonly (readonly [name: string, fd: number])[];
  readonly blobs: readonly number[];
  readonly agent: unknown;
}

/** Writes the state and starts the program that is at this one's path. */
export function handOver(seconds: number, umask: number, { value, blobs, descriptors }: Handover): void {
  const { sockets, ports } = keptChannels;
  const state: ProgramState = {
    umask,
    sockets: [...sockets],
    ports: [...ports],
    blobs: blobs.map(({ length }) => length),
    agent: value,
  };
  const kept = [...descriptors, ...sockets.values(), ...ports.values()];
  const text = host.encodeUtf8(JSON.stringify(state));
  const head = new DataView(new ArrayBuffer(headBytes + 4 * kept.length + 4));
  for (const [at, word] of [handoverFormat, kept.length, ...kept, text.length].entries())
    head.setInt32(4 * at, word, true);
  const memory = host.createMemory();
  for (const bytes of [new Uint8Array(head.buffer), text, ...blobs]) host.write(memory, bytes, 0, bytes.length, -1);
  host.handOver(memory, seconds);
}
