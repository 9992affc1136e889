import { HostError, type Jobs } from '@innkeeper/agent-core';
import * as host from 'host';
import type { HelperPool } from './helper-pool.ts';
import { PipeReader } from './pipe-reader.ts';
import type { Reaper } from './reaper.ts';

const maxOutputBytes = 64 * 1024;
const SIGKILL = 9;
const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C'];

export function createJobs(reaper: Reaper, helpers: HelperPool): Jobs {
  return {
    get abandoned() {
      return helpers.abandoned;
    },
    run: (argv, { timeoutMs, stdin }) =>
      new Promise((resolve, reject) => {
        const [pid, input, output, errors] = host.spawn(
          argv[0] ?? '',
          argv,
          environment,
          '/',
          undefined,
          stdin !== undefined,
          0,
          0,
        );
        const stdout = new Collector(output);
        const stderr = new Collector(errors);
        if (stdin !== undefined) {
          const bytes = host.encodeUtf8(stdin);
          host.write(input, bytes, 0, bytes.length, -1);
          host.close(input);
        }
        const timer = host.setTimer(timeoutMs, () => {
          host.kill(-pid, SIGKILL);
          reject(new HostError('ETIMEDOUT', argv[0] ?? ''));
        });
        reaper.onExit(pid, ({ exitCode }) => {
          host.clearTimer(timer);
          resolve({ exitCode, stdout: stdout.finish(), stderr: stderr.finish() });
        });
      }),
  };
}

/** What a program printed, up to the bound. */
class Collector {
  readonly #pipe: PipeReader;
  #text = '';
  #bytes = 0;

  constructor(fd: number) {
    this.#pipe = new PipeReader(fd);
    this.#pipe.onData((bytes) => this.#take(bytes));
    this.#pipe.resume();
  }

  /** What is still in the pipe counts; a grandchild that holds it open does not keep us. */
  finish(): string {
    for (
      let rest = this.#pipe.readNow();
      rest !== undefined && this.#bytes < maxOutputBytes;
      rest = this.#pipe.readNow()
    )
      this.#take(rest);
    this.#pipe.close();
    return this.#text;
  }

  #take(bytes: Uint8Array | undefined): void {
    if (bytes === undefined || this.#bytes >= maxOutputBytes) return;
    this.#bytes += bytes.length;
    this.#text += host.decodeUtf8(bytes, false) ?? '';
  }
}
