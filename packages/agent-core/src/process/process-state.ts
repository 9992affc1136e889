import type { ExecEnding, OutputStream } from '@innkeeper/contract/agent-lite';
import type { ChildProcess, Host, ProcessExit, ProcessHandle } from '../host.ts';
import type { ExecGroup, ExecGroupState } from './exec-group.ts';
import type { Segment } from './output-ring.ts';
import type { StdinFeed, StdinState } from './stdin-feed.ts';

/** A process as the next program of the agent takes it over, as JSON. Times are by the monotonic clock. */
export interface ProcessState {
  readonly id: string;
  readonly argv: readonly string[];
  readonly child: ProcessHandle;
  readonly group: ExecGroupState | undefined;
  readonly stdin: StdinState | undefined;
  readonly limits: ProcessLimits;
  readonly startedNs: string;
  readonly startedMs: number;
  readonly nextOffset: number;
  /** Stream and length of each segment of the output, whose bytes follow as one blob. */
  readonly segments: readonly (readonly [OutputStream, number])[];
  /** Number of that blob; the next one is the queue of the input. */
  readonly blob: number;
  readonly totals: readonly (readonly [OutputStream, number])[];
  readonly asked: readonly number[];
  readonly truncated: boolean;
  readonly terminating: ExecEnding | undefined;
  readonly exit: ProcessExit | undefined;
  readonly record: ProcessRecord | undefined;
  readonly lastOutputMs: number;
  readonly outputCut: boolean;
  readonly killAtMs: number | undefined;
  readonly killedAtMs: number | undefined;
  readonly hangupAtMs: number | undefined;
  /** What each reader that left has acknowledged, and until when its place is kept. */
  readonly left: readonly (readonly [acknowledged: number, untilMs: number])[];
}

export interface ProcessLimits {
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  /** 0: no limit. */
  readonly maxOutputBytes: number;
  readonly neverWaitForReader: boolean;
  /** Milliseconds without a reader after which the tree gets HUP. 0: never. */
  readonly hangupAfterMs: number;
}

/** The result of a process that has ended and whose output is complete. */
export interface ProcessRecord {
  readonly exit: ProcessExit;
  readonly ending: ExecEnding;
  readonly truncated: boolean;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly durationMs: number;
  readonly orphansLeft: number;
  /** The pipes were closed while other processes could still write to them. */
  readonly outputCut: boolean;
}

export interface ManagedProcessOptions extends ProcessLimits {
  readonly host: Host;
  readonly id: string;
  /** As it is listed. */
  readonly argv: readonly string[];
  readonly child: ChildProcess;
  readonly group: ExecGroup | undefined;
  readonly stdin: StdinFeed | undefined;
  readonly onEnded: () => void;
  /** What an earlier program has handed over, and its output. The process goes on at `begin`. */
  readonly resumed?: { readonly state: ProcessState; readonly output: Uint8Array } | undefined;
}

/** The bytes of segments, one after the other. */
export function joinSegments(segments: readonly Segment[]): Uint8Array {
  const bytes = new Uint8Array(segments.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of segments) {
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

/** The segments of a state, with copies of their bytes, so that each can be released by itself. */
export function splitSegments({ segments, nextOffset }: ProcessState, bytes: Uint8Array): Segment[] {
  let at = 0;
  const oldest = nextOffset - bytes.length;
  return segments.map(([stream, length]) => {
    const data = bytes.slice(at, at + length);
    at += length;
    return { offset: oldest + at - length, stream, data };
  });
}
