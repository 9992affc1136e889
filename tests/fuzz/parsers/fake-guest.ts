import assert from 'node:assert/strict';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { maxBodyBytes } from '@innkeeper/wire';
import { FakeHost, ManualClock, type Program } from '../../../packages/agent-core/src/fake/index.ts';
import { HostError } from '../../../packages/agent-core/src/host-error.ts';
import { textOf } from '../parser.ts';
import { refusesWith } from './helpers.ts';

/** Deadlines are not reached. */
const longMs = 1000;

/** A clock whose short timers fire at once, so that no parser waits. */
class HastyClock extends ManualClock {
  override readonly setTimer = (delayMs: number, callback: () => void): (() => void) => {
    let isCanceled = delayMs >= longMs;
    queueMicrotask(() => {
      if (!isCanceled) callback();
    });
    return () => {
      isCanceled = true;
    };
  };
}

export type FakeGuest = FakeHost<HastyClock>;

/** A guest in memory with these files. */
export function guestWith(
  files: Readonly<Record<string, string | Uint8Array>>,
  programs: Readonly<Record<string, Program>> = {},
): FakeGuest {
  const host = new FakeHost({ clock: new HastyClock(), programs });
  for (const [path, content] of Object.entries(files)) host.files.put(path, content);
  return host;
}

/** How operations of the agent refuse. */
export const refusesAsOperation = refusesWith(OperationError, HostError);

/**
 * Checks that an answer made of a guest's files can be sent: every number is in the range of its field, and all of it fits
 * into a frame. The codec of hosts checks more than that of the agent.
 */
export function checkAnswer<Desc extends DescMessage>(schema: Desc, answer: MessageInitShape<Desc>): void {
  const { length } = toBinary(schema, create(schema, answer));
  assert.ok(length <= maxBodyBytes, `the answer has ${length} bytes, and a frame takes ${maxBodyBytes}`);
}

/** The parts of an input, which NUL bytes separate, as texts: one for each of `count` files. */
export function textsOf(bytes: Uint8Array, count: number): string[] {
  const parts = textOf(bytes).split('\0');
  return Array.from({ length: count }, (_, index) => parts[index] ?? '');
}
