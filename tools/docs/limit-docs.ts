import { maxWaitingBytes } from '../../packages/agent-client/src/links/native/session/session-writer.ts';
import * as contract from '../../packages/contract/src/limits.ts';
import { maxNesting } from '../../packages/contract/src/lite.ts';
import * as native from '../../packages/wire/src/native/limits.ts';
import { table } from './table.ts';

/** The table of limits in docs/protocol/native.md, from the constants. */
export function limitDocs(): string[] {
  return table(
    ['what', 'limit'],
    [
      ['frame', bytes(native.maxFrameBytes)],
      ['body of a message', bytes(native.maxBodyBytes)],
      ['a unary answer', `${bytes(native.maxBodyBytes)}; longer ones are lists that stream`],
      ['a request', `${bytes(contract.maxRequestBytes)}, in parts if it is longer than a frame`],
      ['nesting', number(maxNesting)],
      ['initial credit towards the agent', bytes(native.initialAgentCredit)],
      ['maximum credit that an agent uses in one call, whatever it is granted', bytes(native.maxCallCredit)],
      ['step in which consumed bytes are re-granted', bytes(native.creditStepBytes)],
      ['minimum charge of a message towards the node', bytes(native.minMessageCharge)],
      ['bytes waiting for a guest that does not read', `${bytes(maxWaitingBytes)}, then \`GUEST_MISBEHAVES\``],
      ['frames of other sessions and unknown payloads, per session', bytes(native.maxIdleBytes)],
      ['open calls in a session', number(native.maxOpenCalls)],
      ['entries of a page', `${number(contract.maxPageSize)}; ${number(contract.defaultPageSize)} by default`],
      ['a page token', `${number(contract.maxPageTokenChars)} characters`],
      ['an id that a caller chooses', `1 to ${number(contract.maxIdChars)} of \`A-Za-z0-9_-\``],
      ['reported entries that were left out of an archive', number(contract.maxSkippedEntries)],
      ['a command in the list of processes', bytes(contract.maxCommandBytes)],
      ['delay of a shutdown', `${number(contract.maxShutdownDelaySeconds)} seconds`],
    ],
  );
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function bytes(value: number): string {
  return `${number(value)} bytes`;
}
