import { ExecEnding, type ExecExited } from '@innkeeper/contract/agent';

/** The part of a command that is needed to read it. */
interface Readable {
  readonly exited: Promise<ExecExited>;
  [Symbol.asyncIterator](): AsyncIterator<
    { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array } | { readonly type: 'gap' }
  >;
}

const defaultMaxBytes = 16 * 1024 * 1024;

export interface CollectOptions {
  /** Limit for each stream. Default: 16 MiB. */
  readonly maxBytes?: number | undefined;
}

/** The exit status of a command, and its output as UTF-8. */
export interface ExecResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  /** Linux number of the signal that ended the command. */
  readonly signal: number | undefined;
  readonly timedOut: boolean;
  /** The guest's kernel killed it because memory ran out. */
  readonly outOfMemory: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Output was dropped: it exceeded `maxBytes`, or the agent's buffer. */
  readonly truncated: boolean;
  readonly durationMs: number;
}

/** Reads a command to its end. */
export async function collectOutput(
  exec: Readable,
  { maxBytes = defaultMaxBytes }: CollectOptions,
): Promise<ExecResult> {
  const kept = { stdout: new KeptText(maxBytes), stderr: new KeptText(maxBytes) };
  let hasGap = false;
  for await (const output of exec) {
    if (output.type === 'gap') hasGap = true;
    else kept[output.type].add(output.data);
  }
  const { status, ending, truncated, durationMs } = await exec.exited;
  return {
    exitCode: status.case === 'exitCode' ? status.value : undefined,
    signal: status.case === 'signal' ? status.value : undefined,
    timedOut: ending === ExecEnding.TIMEOUT,
    outOfMemory: ending === ExecEnding.OUT_OF_MEMORY,
    stdout: kept.stdout.end(),
    stderr: kept.stderr.end(),
    truncated: truncated || hasGap || kept.stdout.isCut || kept.stderr.isCut,
    durationMs: Number(durationMs),
  };
}

/** The first bytes of a stream as text. */
class KeptText {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  #bytes = 0;
  #text = '';

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isCut(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  add(data: Uint8Array): void {
    const room = Math.max(0, this.#maxBytes - this.#bytes);
    this.#bytes += data.length;
    if (room > 0) this.#text += this.#decoder.decode(data.subarray(0, room), { stream: true });
  }

  end(): string {
    return this.#text + this.#decoder.decode();
  }
}
