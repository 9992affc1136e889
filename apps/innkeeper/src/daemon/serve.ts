import { isOperationError } from '@innkeeper/contract';
import { createDeferred } from '@innkeeper/kit';
import { parseCommandLine, type ServeSettings, usage } from './command-line.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { hello } from './hello.ts';
import { createPinoLog } from './pino-log.ts';
import { ProgressLine } from './progress-line.ts';

/**
 * `innkeeper serve`, until SIGTERM or SIGINT. Gives the exit code: 0 after SIGTERM, 130 after SIGINT, 1 when it cannot
 * serve, 2 for a wrong command line. A second signal ends the process at once.
 */
export async function serve(argv: readonly string[]): Promise<number> {
  let settings: ServeSettings | undefined;
  try {
    settings = parseCommandLine(argv, process.env);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  if (settings === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const log = createPinoLog(settings.logLevel);
  const stopped = createDeferred<number>();
  const stop = new AbortController();
  const onSignal = (exitCode: number): void => {
    if (stop.signal.aborted) process.exit(exitCode === 0 ? 143 : exitCode);
    stop.abort(new Error('The daemon was told to stop.'));
    stopped.resolve(exitCode);
  };
  process.on('SIGTERM', () => onSignal(0));
  process.on('SIGINT', () => onSignal(130));
  try {
    const daemon = await startDaemon(settings, log);
    const { node } = daemon;
    log.info('daemon.serving', { socket: daemon.socketPath });
    process.stderr.write(`innkeeper serves on ${daemon.socketPath}\n`);
    process.stderr.write(webLines(daemon, settings));
    if (settings.hello) void sayHello();
    const exitCode = await stopped.promise;
    const running = node.list().filter((runner) => runner.running !== undefined);
    await daemon[Symbol.asyncDispose]();
    process.stderr.write(farewell(running.map((runner) => runner.row.name)));
    return exitCode;

    async function sayHello(): Promise<void> {
      const progress = new ProgressLine();
      try {
        process.stdout.write(await hello(node, progress, stop.signal));
      } catch (error) {
        progress.clear();
        // The daemon serves all the same; what it says is how far the first VM came.
        if (!stop.signal.aborted) process.stderr.write(`${describe(error)}\n`);
      }
    }
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return 1;
  }
}

/** Where the web console is, and the link that lets the first one in. */
function webLines({ web, loginPath }: Daemon, { listen }: ServeSettings): string {
  if (listen === undefined) return '';
  if (web === undefined)
    return 'No port from 8080 to 8099 is free, so there is no web console. Name one with --listen.\n';
  const link = loginPath === undefined ? web.url : `${web.url}${loginPath}  (logs in once, within 10 minutes)`;
  return [...web.remarks, `Web console: ${link}`].map((line) => `${line}\n`).join('');
}

function farewell(names: readonly string[]): string {
  if (names.length === 0) return 'innkeeper stopped; no VM runs.\n';
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
  return `innkeeper stopped. ${names.length} VM${names.length === 1 ? ' keeps' : 's keep'} running: ${shown}. To stop one, start the daemon again and run "inn stop NAME".\n`;
}

function describe(error: unknown): string {
  return isOperationError(error) ? `${error.message} ${error.nextStep}` : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
