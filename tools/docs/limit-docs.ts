import { maxWaitingBytes } from '../../packages/agent-client/src/links/native/session/session-writer.ts';
import * as contract from '../../packages/contract/src/limits.ts';
import { maxNesting } from '../../packages/contract/src/lite.ts';
import * as native from '../../packages/wire/src/native/limits.ts';
import { table } from './table.ts';

/** The limits in docs/protocol/native.md, as the constants have them. */
export function limitDocs(): string[] {
  return table(
    ['what', 'number'],
    [
      ['frame', bytes(native.maxFrameBytes)],
      ['body of a message', bytes(native.maxBodyBytes)],
      ['a unary answer or request', `${bytes(native.maxBodyBytes)}; longer ones are lists that stream`],
      ['nesting', number(maxNesting)],
      ['first credit towards the agent', bytes(native.initialAgentCredit)],
      ['credit that an agent uses in one call, whatever it is given', bytes(native.maxCallCredit)],
      ['step in which consumed bytes are granted again', bytes(native.creditStepBytes)],
      ['least charge of a message towards the node', bytes(native.minMessageCharge)],
      ['bytes that wait for a guest which does not read', `${bytes(maxWaitingBytes)}, then \`GUEST_MISBEHAVES\``],
      ['frames of other sessions and unknown payloads, a session', bytes(native.maxIdleBytes)],
      ['calls in a session', number(native.maxOpenCalls)],
      ['entries of a page', `${number(contract.maxPageSize)}; ${number(contract.defaultPageSize)} by default`],
      ['a page token', `${number(contract.maxPageTokenChars)} characters`],
      ['an id that a caller makes', `1 to ${number(contract.maxIdChars)} of \`A-Za-z0-9_-\``],
      ['entries that are named as left out of an archive', number(contract.maxSkippedEntries)],
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
