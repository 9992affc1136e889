import { controlUsage, parseControlCommandLine } from './control-command-line.ts';
import { describeError } from './describe-error.ts';
import { createPinoLog } from './pino-log.ts';
import { readSettings } from './read-settings.ts';
import { startControl } from './start-control.ts';
import { listenForStop } from './until-stopped.ts';

/** `innkeeper control`, until SIGTERM or SIGINT. Exit codes as `innkeeper serve`. */
export async function controlCommand(argv: readonly string[]): Promise<number> {
  const settings = readSettings(parseControlCommandLine, argv, controlUsage);
  if (typeof settings === 'number') return settings;
  const log = createPinoLog(settings.logLevel);
  const stop = listenForStop();
  try {
    await using control = await startControl(settings, log);
    const { web, loginPath } = control;
    if (web === undefined) {
      process.stderr.write('No port from 8080 to 8099 is free. Choose one with --listen.\n');
      return 1;
    }
    for (const remark of web.remarks) process.stderr.write(`${remark}\n`);
    const link = loginPath === undefined ? web.url : `${web.url}${loginPath}  (logs in once, within 10 minutes)`;
    process.stderr.write(`Web console: ${link}\n`);
    log.info('control.serving', { url: web.url });
    return await stop.exitCode;
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
}
