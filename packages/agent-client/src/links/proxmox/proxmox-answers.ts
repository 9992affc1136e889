import { OperationError } from '@innkeeper/contract/errors';
import { misbehaves } from '../../guest-claims.ts';
import { type Fields, objectOf, textOf } from '../foreign/fields.ts';
import { qgaError } from '../qga/qga-error.ts';
import type { ProxmoxError } from './ask-proxmox.ts';

/** Texts of errors after which the agent counts as lost: the VM, its host or the agent in it does not answer. */
const lost =
  /not running|timeout|No QEMU guest agent|guest agent is not|unable to (?:connect|find)|does not exist|disappeared|no such node|proxy/i;

/** What a refusal means for a command of the agent. */
export function proxmoxRefusal(command: string, { status, message }: ProxmoxError, vmId: number): OperationError {
  const said = `${command}: Proxmox VE says: ${message || `status ${status}`}`;
  if (status === 403)
    return new OperationError('UNSUPPORTED_BY_AGENT', said, {
      nextStep: `Give the token’s user the privilege on /vms/${vmId} in Proxmox VE.`,
    });
  if (status === 400) return new OperationError('INVALID_ARGUMENT', said);
  // This version of Proxmox VE lacks the command.
  if (status === 404 || status === 501) return new OperationError('UNSUPPORTED_BY_AGENT', said);
  if (status < 500 || status >= 595 || lost.test(message)) return new OperationError('AGENT_UNREACHABLE', said);
  return qgaError(command, { errorClass: 'GenericError', description: message });
}

/** The agent's own answer, which the API wraps. @throws OperationError of the agent's error, GUEST_MISBEHAVES */
export function resultOf(command: string, data: unknown): unknown {
  const { result } = objectOf(data, `The answer to ${command}`);
  if (typeof result === 'object' && result !== null && 'error' in result) {
    const error = objectOf(result.error, 'An error');
    throw qgaError(command, { errorClass: textOf(error['class']), description: textOf(error['desc']) });
  }
  return result;
}

/** The status of a command, as the agent reports it: the API has numbers for switches, and has decoded the output. */
export function execStatusOf(data: unknown): Fields {
  const status = objectOf(data, 'The answer to exec-status');
  const { exitcode, signal } = status;
  return {
    exited: isSet(status['exited']),
    ...(exitcode === undefined ? {} : { exitcode }),
    ...(signal === undefined ? {} : { signal }),
    ...outputOf(status, 'out'),
    ...outputOf(status, 'err'),
  };
}

function outputOf(status: Fields, which: 'out' | 'err'): Fields {
  const data = status[`${which}-data`];
  if (data === undefined) return {};
  if (typeof data !== 'string') throw misbehaves('The output of a command is not text.');
  return {
    [`${which}-data`]: bytesOfText(data).toString('base64'),
    ...(isSet(status[`${which}-truncated`]) ? { [`${which}-truncated`]: true } : {}),
  };
}

function isSet(value: unknown): boolean {
  return value === true || value === 1;
}

/** The API puts bytes of the guest into JSON as characters from U+0000 to U+00FF, one for each; other text is UTF-8. */
export function bytesOfText(text: string): Buffer {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all bytes are meant
  return /^[\x00-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf8');
}
