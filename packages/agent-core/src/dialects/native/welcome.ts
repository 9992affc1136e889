import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Hello, WelcomeSchema } from '@innkeeper/contract/agent';
import type { AgentContext } from '../../serving/dialect.ts';

/** The answer to a hello. The guest's clock is stepped first if the hello requires it. */
export function welcome(
  { host, identity, freeze, clockStepper }: AgentContext,
  hello: Hello,
): MessageInitShape<typeof WelcomeSchema> {
  const { guestMonotonicNs, offsetNs, stepped } = clockStepper.compare(hello.wallTimeUnixNs, hello.mayStepClock);
  return {
    version: 1,
    agentVersion: host.system.agentVersion,
    bootId: identity.bootId,
    agentInstance: identity.instance,
    agentStartUnixNs: identity.startWallNs,
    wallTimeUnixNs: host.clock.wallTimeNs(),
    monotonicNs: guestMonotonicNs,
    capabilities: [...identity.capabilities],
    frozen: freeze.isFrozen,
    clockOffsetNs: offsetNs,
    clockStepped: stepped,
    pid: host.system.pid,
    deniedCapabilities: [...identity.denied].sort(),
  };
}
