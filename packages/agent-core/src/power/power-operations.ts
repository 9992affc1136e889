import { ShutdownMode as Mode, PowerServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxShutdownDelaySeconds } from '@innkeeper/contract/limits';
import { errorMessage, type Log } from '@innkeeper/kit';
import { type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { chooseShutdown, type ShutdownMode } from './choose-shutdown.ts';

/** Milliseconds between the answer and the shutdown, so that the answer is sent. */
const minDelayMs = 100;
const startTimeoutMs = 30_000;

const modes: Record<number, ShutdownMode> = {
  [Mode.POWEROFF]: 'poweroff',
  [Mode.REBOOT]: 'reboot',
  [Mode.HALT]: 'halt',
};

export function powerOperations(host: Host, log: Log): Operation[] {
  let cancelPending: (() => void) | undefined;
  return [
    unaryOperation(PowerServiceLite.shutdown, ({ mode, delaySeconds, message }) => {
      const wanted = modes[mode];
      if (wanted === undefined) throw new OperationError('INVALID_ARGUMENT', 'mode must be poweroff, reboot or halt.');
      if (delaySeconds > maxShutdownDelaySeconds)
        throw new OperationError('INVALID_ARGUMENT', `delay_seconds must be at most ${maxShutdownDelaySeconds}.`);
      const way = chooseShutdown(host, wanted);
      cancelPending?.();
      cancelPending = host.clock.setTimer(Math.max(minDelayMs, delaySeconds * 1000), () => {
        log.info('power.shutdown', { mode: wanted, method: way.method, message });
        shutDown(host, wanted, way.argv, log).catch((error: unknown) =>
          log.error('power.failed', { error: String(error) }),
        );
      });
      return { method: way.method };
    }),
  ];
}

/** Through the init system; if that fails, by the kernel. */
async function shutDown(host: Host, mode: ShutdownMode, argv: readonly string[], log: Log): Promise<void> {
  if (argv.length > 0) {
    try {
      const { exitCode, stderr } = await host.jobs.run(argv, { timeoutMs: startTimeoutMs });
      if (exitCode === 0) return;
      log.warn('power.refused', { exitCode, output: stderr.slice(0, 200) });
    } catch (error) {
      log.warn('power.refused', { error: errorMessage(error) });
    }
  }
  await host.power.rebootNow(mode);
}
