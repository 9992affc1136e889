import { startDaemon } from './daemon.ts';
import { describeError } from './describe-error.ts';
import { nodeUsage, parseNodeCommandLine } from './node-command-line.ts';
import { createPinoLog } from './pino-log.ts';
import { readSettings } from './read-settings.ts';
import { stopMessage } from './stop-message.ts';
import { listenForStop } from './until-stopped.ts';

/** `innkeeper node`, until SIGTERM or SIGINT. Exit codes as `innkeeper serve`. */
export async function nodeCommand(argv: readonly string[]): Promise<number> {
  const settings = readSettings(parseNodeCommandLine, argv, nodeUsage);
  if (typeof settings === 'number') return settings;
  const log = createPinoLog(settings.logLevel);
  const stop = listenForStop();
  try {
    const daemon = await startDaemon(settings, log);
    log.info('daemon.serving', { socket: daemon.socketPath });
    process.stderr.write(`innkeeper node serves on ${daemon.socketPath}\n`);
    for (const address of daemon.controlAddresses) process.stderr.write(`Control planes: --node ${address}\n`);
    const exitCode = await stop.exitCode;
    const running = daemon.node.list().filter((runner) => runner.running !== undefined);
    await daemon[Symbol.asyncDispose]();
    process.stderr.write(
      stopMessage(
        running.map((runner) => runner.row.name),
        daemon.unfinished,
      ),
    );
    return exitCode;
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
}
