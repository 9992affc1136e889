import { loginLinkMs } from '../access/sessions.ts';
import { parseCommandLine, type ServeSettings, usage } from './command-line.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { describeError } from './describe-error.ts';
import { hello } from './hello.ts';
import { helloFailure, type NextSteps } from './hello-message.ts';
import { createPinoLog } from './pino-log.ts';
import { ProgressLine } from './progress-line.ts';
import { readSettings } from './read-settings.ts';
import { shellSetup } from './shell-setup.ts';
import { stopMessage } from './stop-message.ts';
import { listenForStop } from './until-stopped.ts';

/** A person needs this long to open the link. */
const marginMs = 60_000;

/**
 * `innkeeper serve`, until SIGTERM or SIGINT. Returns the exit code: 0 after SIGTERM, 130 after SIGINT, 1 when it cannot
 * serve, 2 after a usage error. A second signal ends the process at once.
 */
export async function serve(argv: readonly string[]): Promise<number> {
  const settings = readSettings(parseCommandLine, argv, usage);
  if (typeof settings === 'number') return settings;
  const { dataPath } = settings;
  const log = createPinoLog(settings.logLevel);
  const stop = listenForStop();
  try {
    const daemon = await startDaemon(settings, log);
    const startedMs = performance.now();
    const { node } = daemon;
    log.info('daemon.serving', { socket: daemon.socketPath });
    process.stderr.write(`innkeeper serves on ${daemon.socketPath}\n`);
    process.stderr.write(webLines(daemon, settings));
    if (settings.hello) void sayHello();
    const exitCode = await stop.exitCode;
    const running = node.list().filter((runner) => runner.running !== undefined);
    await daemon[Symbol.asyncDispose]();
    process.stderr.write(
      stopMessage(
        running.map((runner) => runner.row.name),
        daemon.unfinished,
      ),
    );
    return exitCode;

    /** The link again, since by now it has scrolled away, unless it is too old to log in. */
    function nextSteps(): NextSteps {
      const isLinkValid = performance.now() - startedMs < loginLinkMs - marginMs;
      const web = isLinkValid ? webLink(daemon) : daemon.web?.url;
      const other = isLinkValid
        ? 'logs in once; "inn web" prints another link'
        : '"inn web" prints a link that logs in';
      return {
        web: web === undefined ? undefined : `Web console (${other}):\n  ${web}`,
        setup: shellSetup(dataPath, process.env),
      };
    }

    async function sayHello(): Promise<void> {
      const progress = new ProgressLine();
      try {
        process.stdout.write(await hello(node, progress, stop.signal, nextSteps));
      } catch (error) {
        progress.clear();
        // The daemon keeps running anyway; the message says what failed.
        if (!stop.signal.aborted) process.stderr.write(helloFailure(describeError(error), nextSteps()));
      }
    }
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
}

/** Where the web console is, and the link that lets the first one in. */
function webLines(daemon: Daemon, { listen }: ServeSettings): string {
  if (listen === undefined) return '';
  const { web, loginPath } = daemon;
  if (web === undefined)
    return 'No port from 8080 to 8099 is free, so there is no web console. Choose one with --listen.\n';
  const link = `${webLink(daemon)}${loginPath === undefined ? '' : '  (logs in once, within 10 minutes)'}`;
  return [...web.remarks, `Web console: ${link}`].map((line) => `${line}\n`).join('');
}

function webLink({ web, loginPath }: Daemon): string | undefined {
  return web === undefined ? undefined : `${web.url}${loginPath ?? ''}`;
}
