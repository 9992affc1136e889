import type { AgentAddress } from '@innkeeper/contract';
import { OperationError } from '@innkeeper/contract/errors';
import { cleanText } from '@innkeeper/kit';
import { hostClock } from '../../node/host-clock.ts';
import { openAgentAddress } from '../../node/open-agent-address.ts';
import { textOf } from '../foreign/fields.ts';
import { askJsonFrames } from './ask-json-frames.ts';

export interface GuestAddress {
  /** With its prefix length: "10.0.0.2/24". */
  readonly ip: string;
  readonly gateway: string;
  readonly dns: readonly string[];
}

/** Sets the address of the guest of a JSON-frames agent, and returns what the agent says. It is not rolled back. */
export async function configureNetwork(
  address: AgentAddress,
  wanted: GuestAddress,
  timeoutMs: number,
): Promise<string> {
  if (address.dialect !== 'json-frames')
    throw new OperationError('UNSUPPORTED_BY_AGENT', `Only JSON frames have this request, not ${address.dialect}.`, {
      nextStep: 'Use inn network set through a daemon.',
    });
  const options = { connect: (signal: AbortSignal) => openAgentAddress(address, hostClock, signal), clock: hostClock };
  const request = { type: 'configure_network', ip: wanted.ip, gateway: wanted.gateway, dns: [...wanted.dns] };
  const answer = await askJsonFrames(options, request, new AbortController().signal, timeoutMs);
  return cleanText(textOf(answer['message']), 400);
}
