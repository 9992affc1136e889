import type { ShutdownRequest } from '@innkeeper/contract/agent';
import { ShutdownMode as Mode, PowerServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxShutdownDelaySeconds, maxShutdownMessageChars } from '@innkeeper/contract/limits';
import { errorMessage, type Log } from '@innkeeper/kit';
import { immediateOperation, type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { chooseShutdown, type ShutdownMode } from './choose-shutdown.ts';
import { listHardware, setHardware } from './hardware.ts';
import { canSuspend, requireSuspend, suspend } from './suspend.ts';
import { tellUsers } from './tell-users.ts';

/** Milliseconds between the answer and the shutdown or suspend, so that the answer is sent. */
const minDelayMs = 100;
const startTimeoutMs = 30_000;
/** Users are told once more this long before a delayed shutdown. */
const lastCallMs = 60_000;

const modes: Record<number, ShutdownMode> = {
  [Mode.POWEROFF]: 'poweroff',
  [Mode.REBOOT]: 'reboot',
  [Mode.HALT]: 'halt',
};
const goesDown: Record<ShutdownMode, string> = { poweroff: 'powers off', reboot: 'reboots', halt: 'halts' };

interface Pending {
  readonly mode: ShutdownRequest['mode'];
  readonly atMs: number;
  readonly message: string;
  readonly cancel: () => void;
}

/** @param holds gets what keeps the agent from being replaced */
export function powerOperations(host: Host, log: Log, holds?: Set<() => string | undefined>): Operation[] {
  const { clock } = host;
  let pending: Pending | undefined;
  holds?.add(() => (pending === undefined ? undefined : 'A shutdown is pending; call it off first.'));
  let suspendError = '';

  const secondsLeft = ({ atMs }: Pending): number => Math.max(0, Math.ceil((atMs - clock.monotonicMs()) / 1000));
  const announce = (wanted: ShutdownMode, seconds: number, message: string): void =>
    tellUsers(host, `This machine ${goesDown[wanted]} ${seconds > 0 ? `in ${inWords(seconds)}` : 'now'}.`, message);

  return [
    unaryOperation(PowerServiceLite.shutdown, ({ mode, delaySeconds, message }) => {
      const wanted = modes[mode];
      if (wanted === undefined) throw new OperationError('INVALID_ARGUMENT', 'mode must be poweroff, reboot or halt.');
      if (delaySeconds > maxShutdownDelaySeconds)
        throw new OperationError('INVALID_ARGUMENT', `delay_seconds must be at most ${maxShutdownDelaySeconds}.`);
      if (message.length > maxShutdownMessageChars)
        throw new OperationError(
          'INVALID_ARGUMENT',
          `message must have at most ${maxShutdownMessageChars} characters.`,
        );
      const way = chooseShutdown(host, wanted);
      pending?.cancel();
      const delayMs = Math.max(minDelayMs, delaySeconds * 1000);
      const cancelDown = clock.setTimer(delayMs, () => {
        pending = undefined;
        log.info('power.shutdown', { mode: wanted, method: way.method, message });
        shutDown(host, wanted, way.argv, log).catch((error: unknown) =>
          log.error('power.failed', { error: String(error) }),
        );
      });
      const cancelCall = clock.setTimer(Math.max(0, delayMs - lastCallMs), () => {
        if (delayMs > lastCallMs) announce(wanted, lastCallMs / 1000, message);
      });
      const cancel = (): void => {
        cancelDown();
        cancelCall();
      };
      pending = { mode, atMs: clock.monotonicMs() + delayMs, message, cancel };
      if (delaySeconds > 0 || message !== '') announce(wanted, delaySeconds, message);
      return { method: way.method };
    }),
    unaryOperation(PowerServiceLite.cancelShutdown, () => {
      const canceled = pending !== undefined;
      pending?.cancel();
      pending = undefined;
      if (canceled) tellUsers(host, 'The shutdown was called off.');
      return { canceled };
    }),
    immediateOperation(PowerServiceLite.getPower, () => {
      const state = { canSuspend: canSuspend(host), suspendError };
      if (pending === undefined) return state;
      const { mode, message } = pending;
      return { ...state, pending: { mode, message, secondsLeft: secondsLeft(pending) } };
    }),
    unaryOperation(PowerServiceLite.suspend, ({ mode }) => {
      requireSuspend(host, mode);
      suspendError = '';
      clock.setTimer(minDelayMs, () => {
        log.info('power.suspend');
        suspend(host, mode).catch((error: unknown) => {
          suspendError = errorMessage(error);
          log.error('power.suspend-failed', { error: suspendError });
        });
      });
      return {};
    }),
    unaryOperation(PowerServiceLite.listHardware, ({ kind }) => listHardware(host, kind)),
    unaryOperation(PowerServiceLite.setHardware, (request) => setHardware(host, request)),
  ];
}

function inWords(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
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
