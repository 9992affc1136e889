import { HostError, type Jobs } from '@innkeeper/agent-core';
import * as host from 'host';
import type { HelperPool } from './helper-pool.ts';
import { killQuietly } from './kill-quietly.ts';
import { OutputCollector } from './output-collector.ts';
import type { Reaper } from './reaper.ts';
import { StdinWriter } from './stdin-writer.ts';

/** The last variable marks these programs as not part of a command: process-tree.ts of agent-core. */
const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C', 'INNKEEPER_JOB=1'];

/** Programs that the agent runs for itself, with `umask` as for every program it starts. */
export function createJobs(reaper: Reaper, helpers: HelperPool, umask: number): Jobs {
  return {
    get abandoned() {
      return helpers.abandoned;
    },
    run: (argv, { timeoutMs, stdin, keepLate = false }) =>
      new Promise((resolve, reject) => {
        const [program = ''] = argv;
        const withStdin = stdin !== undefined;
        const [pid, input, output, errors] = host.spawn(
          [program],
          argv,
          environment,
          '/',
          undefined,
          withStdin,
          0,
          0,
          umask,
          '',
        );
        reaper.expect(pid);
        const stdout = new OutputCollector(output);
        const stderr = new OutputCollector(errors);
        const writer = withStdin ? new StdinWriter(input) : undefined;
        try {
          stdout.start();
          stderr.start();
          if (writer !== undefined) feed(writer, host.encodeUtf8(stdin ?? ''));
        } catch (error) {
          killQuietly(-pid);
          writer?.close();
          for (const collector of [stdout, stderr]) collector.finish();
          throw error;
        }
        const timer = host.setTimer(timeoutMs, () => {
          killQuietly(-pid);
          if (keepLate)
            resolve({ exitCode: undefined, stdout: stdout.finish(), stderr: stderr.finish(), timedOut: true });
          else reject(new HostError('ETIMEDOUT', program));
        });
        reaper.onExit(pid, ({ exitCode }) => {
          host.clearTimer(timer);
          writer?.close();
          resolve({ exitCode, stdout: stdout.finish(), stderr: stderr.finish() });
        });
      }),
  };
}

/** Writes all of it as the program reads, then closes. */
function feed(writer: StdinWriter, bytes: Uint8Array): void {
  try {
    const rest = bytes.subarray(writer.write(bytes));
    if (rest.length > 0) writer.onceWritable(() => feed(writer, rest));
    else writer.close();
  } catch {
    // EPIPE: a program need not read its input; its exit code says whether it succeeded.
    writer.close();
  }
}
