import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Hello, WelcomeSchema } from '@innkeeper/contract/agent';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import { shouldStepClock } from './clock-step.ts';

export type WelcomeMaker = (hello: Hello) => MessageInitShape<typeof WelcomeSchema>;

export interface WelcomeOptions {
  readonly host: Host;
  readonly log: Log;
  readonly bootId: string;
  readonly instance: string;
  readonly capabilities: readonly string[];
  readonly isFrozen: () => boolean;
  readonly buildTimeNs: bigint;
}

/** Makes the answers to hellos, and steps the clock where the hello gives cause. One for the whole agent. */
export function createWelcomeMaker({
  host,
  log,
  bootId,
  instance,
  capabilities,
  isFrozen,
  buildTimeNs,
}: WelcomeOptions): WelcomeMaker {
  const startNs = host.clock.wallTimeNs();
  let last: { nodeWallNs: bigint; guestMonotonicNs: bigint } | undefined;
  return (hello) => {
    const guestWallNs = host.clock.wallTimeNs();
    const guestMonotonicNs = host.clock.monotonicNs();
    const nodeWallNs = hello.wallTimeUnixNs;
    const step = shouldStepClock({
      nodeWallNs,
      guestWallNs,
      mayStep: hello.mayStepClock,
      last,
      guestMonotonicNs,
      buildTimeNs,
    });
    const stepped = step && tryStep(host, nodeWallNs, log);
    last = { nodeWallNs, guestMonotonicNs };
    return {
      version: 1,
      agentVersion: host.system.agentVersion,
      bootId,
      agentInstance: instance,
      agentStartUnixNs: startNs,
      wallTimeUnixNs: host.clock.wallTimeNs(),
      monotonicNs: guestMonotonicNs,
      capabilities: [...capabilities],
      frozen: isFrozen(),
      clockOffsetNs: guestWallNs - nodeWallNs,
      clockStepped: stepped,
      pid: host.system.pid,
    };
  };
}

function tryStep(host: Host, wallNs: bigint, log: Log): boolean {
  try {
    host.clock.setWallTimeNs(wallNs);
    log.info('clock.stepped', {});
    return true;
  } catch (error) {
    // EPERM: an agent without the right to set the clock; the welcome says that it was not stepped.
    log.warn('clock.step-refused', { error: errorMessage(error) });
    return false;
  }
}
