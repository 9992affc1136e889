import { errorMessage } from '@innkeeper/kit';
import type { Host } from '../host.ts';

/** Managers wait for DHCP servers. */
const timeoutMs = 60_000;
const maxDetailChars = 500;

/**
 * Runs a shell script with the interface as $1, then `more`. `failure` says why it failed; undefined: it succeeded. Does not
 * reject.
 */
export async function runScript(
  host: Host,
  script: string,
  name: string,
  ...more: readonly string[]
): Promise<{ readonly stdout: string; readonly failure: string | undefined }> {
  try {
    const argv = ['/bin/sh', '-c', script, 'sh', name, ...more];
    const { exitCode, stdout, stderr, timedOut } = await host.jobs.run(argv, { timeoutMs, keepLate: true });
    if (exitCode === 0) return { stdout, failure: undefined };
    const end = timedOut === true ? `took longer than ${timeoutMs} ms` : `exited with ${exitCode ?? 'a signal'}`;
    const said = (stderr.trim() || stdout.trim()).slice(-maxDetailChars);
    const [first = ''] = script.split('\n').slice(-1);
    return { stdout, failure: `"${first}" ${end}${said === '' ? '' : `: ${said}`}` };
  } catch (error) {
    return { stdout: '', failure: errorMessage(error) };
  }
}
