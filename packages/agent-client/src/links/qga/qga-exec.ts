import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { createDeferred, mib, pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { commandWords } from '../foreign/command-words.ts';
import { bytesOf, objectOf, textOf, wholeOf } from '../foreign/fields.ts';
import type { ForeignExit, ForeignProcess, ForeignSpec } from '../foreign/foreign-agent.ts';
import type { QgaExchanges } from './qga-session.ts';

/** Of pids, exit codes and signals, in the kernel and in our messages. */
const maxInt32 = 2 ** 31 - 1;

/** What the agent keeps of each stream at most; the rest is lost. */
const streamBytes = 16 * mib;
/** Two such streams in base64, with their surroundings. */
const statusBytes = 44 * mib;
/** Milliseconds between looking whether a command has ended: growing from the first to the last. */
const firstPollMs = 10;
const lastPollMs = 2000;
const growth = 1.5;
/** Milliseconds without an answer after which a running command is given up: others may hold the socket so long. */
const unreachableMs = 60_000;

/** Starts a command with its whole input. */
export async function startByQga(
  session: QgaExchanges,
  clock: LinkClock,
  spec: ForeignSpec,
  input: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<ForeignProcess> {
  const [path = '', ...arg] = commandWords(spec, 'The QEMU guest agent');
  const started = await session.call(signal, 'guest-exec', {
    path,
    arg,
    'capture-output': true,
    ...(input === undefined ? {} : { 'input-data': Buffer.from(input).toString('base64') }),
  });
  const pid = wholeOf(objectOf(started, 'The answer to guest-exec')['pid'], 'The pid', maxInt32);
  return new QgaProcess(session, clock, pid);
}

/** A command of the guest, which is looked at again and again until it has ended. */
class QgaProcess implements ForeignProcess {
  readonly pid: number;
  readonly #session: QgaExchanges;
  readonly #clock: LinkClock;
  readonly #exit = createDeferred<ForeignExit>();
  #hasEnded = false;
  #looking: Promise<void> | undefined;

  constructor(session: QgaExchanges, clock: LinkClock, pid: number) {
    this.#session = session;
    this.#clock = clock;
    this.pid = pid;
  }

  async ended(signal: AbortSignal): Promise<ForeignExit> {
    let answeredMs = this.#clock.nowMs();
    for (let waitMs = firstPollMs; !this.#hasEnded; waitMs = Math.min(lastPollMs, waitMs * growth)) {
      await Promise.race([pause(this.#clock, waitMs, signal), this.#exit.promise]);
      signal.throwIfAborted();
      try {
        await this.look(signal);
        answeredMs = this.#clock.nowMs();
      } catch (error) {
        if (signal.aborted || !isForNow(error, this.#clock.nowMs() - answeredMs)) throw error;
      }
    }
    return await this.#exit.promise;
  }

  /** Concurrent callers share one request: the agent reports the end of a command only once. */
  look(signal: AbortSignal): Promise<void> {
    this.#looking ??= this.#lookOnce(signal).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The dialect has no signals, but a command that sends one. */
  async kill(number: number, signal: AbortSignal): Promise<void> {
    // Of a command that has ended, the pid may be another one's by now.
    await this.look(signal);
    if (!this.#hasEnded) await killByQga(this.#session, this.#clock, this.pid, number, signal);
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    if (this.#hasEnded) return;
    const { pid } = this;
    const options = { maxBytes: statusBytes, timeoutMs: 60_000 };
    const status = await this.#session.call(signal, 'guest-exec-status', { pid }, options);
    const exit = exitOf(objectOf(status, 'The answer to guest-exec-status'));
    if (exit === undefined) return;
    this.#hasEnded = true;
    this.#exit.resolve(exit);
  }
}

/** Whether a command is worth looking at again after this error: its agent waits for a thaw, or somebody else has its socket. */
function isForNow(error: unknown, sinceMs: number): boolean {
  if (!isOperationError(error)) return false;
  return error.reason === 'FILESYSTEM_FROZEN' || (error.reason === 'AGENT_UNREACHABLE' && sinceMs < unreachableMs);
}

function exitOf(status: Readonly<Record<string, unknown>>): ForeignExit | undefined {
  if (status['exited'] !== true) return undefined;
  const stdout = bytesOf(status['out-data'], streamBytes, 'The output');
  const stderr = bytesOf(status['err-data'], streamBytes, 'The error output');
  const { signal, exitcode } = status;
  return {
    status:
      signal === undefined
        ? { case: 'exitCode', value: wholeOf(exitcode, 'The exit code', maxInt32) }
        : { case: 'signal', value: wholeOf(signal, 'The signal', maxInt32) },
    stdout,
    stderr,
    truncated:
      isTruncated(status['out-truncated'], stdout.length) || isTruncated(status['err-truncated'], stderr.length),
  };
}

/** Versions up to 10.1 send `false` for output that was cut off, and nothing for output that was not. */
function isTruncated(flag: unknown, bytes: number): boolean {
  return flag === true || (flag === false && bytes === streamBytes);
}

async function killByQga(
  session: QgaExchanges,
  clock: LinkClock,
  pid: number,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const path = '/bin/kill';
  const started = await session.call(signal, 'guest-exec', {
    path,
    arg: [`-${number}`, String(pid)],
    'capture-output': true,
  });
  const helper = wholeOf(objectOf(started, 'The answer to guest-exec')['pid'], 'The pid', maxInt32);
  const { status, stderr } = await new QgaProcess(session, clock, helper).ended(signal);
  if (status.case === 'exitCode' && status.value === 0) return;
  const why = textOf(Buffer.from(stderr.subarray(0, 200)).toString()).trim();
  throw new OperationError('PROCESS_NOT_FOUND', `kill -${number} ${pid} failed in the guest: ${why}`);
}
