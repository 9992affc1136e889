import { OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { lacks } from '../foreign/refusals.ts';
import type { ProxmoxRequest } from './ask-proxmox.ts';

/** Two streams of 16 MiB as characters of JSON, most of them of one or two bytes. */
const statusBytes = 64 * mib;
/** Characters of a command's input in base64, as a form sends them: with the command below the 64 KiB that the API takes. */
const maxInputChars = 50_000;

/** Commands without arguments, by the method of their address. */
const plain: Readonly<Record<string, 'GET' | 'POST'>> = {
  'guest-ping': 'POST',
  'guest-info': 'GET',
  'guest-get-time': 'GET',
  'guest-get-osinfo': 'GET',
  'guest-get-host-name': 'GET',
  'guest-get-users': 'GET',
  'guest-get-timezone': 'GET',
  'guest-get-vcpus': 'GET',
  'guest-get-fsinfo': 'GET',
  'guest-network-get-interfaces': 'GET',
  'guest-fsfreeze-status': 'POST',
  'guest-fsfreeze-freeze': 'POST',
  'guest-fsfreeze-thaw': 'POST',
  'guest-fstrim': 'POST',
  'guest-shutdown': 'POST',
};

type Arguments = Readonly<Record<string, unknown>>;

/** The request for a command, below `…/agent/`. @throws OperationError UNSUPPORTED_BY_AGENT, INVALID_ARGUMENT */
export function proxmoxCommand(command: string, given: Arguments): Omit<ProxmoxRequest, 'timeoutMs'> {
  const path = command.replace(/^guest-/, '');
  const method = plain[command];
  if (method !== undefined) {
    // Of a shutdown, the default may be named.
    const { mode = 'powerdown', ...others } = given;
    if (mode !== 'powerdown' || Object.keys(others).length > 0)
      throw lacks(`Proxmox VE passes no arguments to ${command}`, capabilityOf(command));
    return { method, path };
  }
  switch (command) {
    case 'guest-exec':
      return { method: 'POST', path, form: execForm(given) };
    case 'guest-exec-status':
      return { method: 'GET', path, form: { pid: String(given['pid']) }, maxBytes: statusBytes };
    case 'guest-set-user-password':
      return {
        method: 'POST',
        path,
        form: {
          username: String(given['username']),
          password: Buffer.from(String(given['password']), 'base64').toString(),
          crypted: given['crypted'] === true ? '1' : '0',
        },
      };
    default:
      throw new OperationError('UNSUPPORTED_BY_AGENT', `Proxmox VE has no ${command}.`);
  }
}

function capabilityOf(command: string): string {
  if (command === 'guest-shutdown') return 'power.more';
  return command === 'guest-fstrim' ? 'filesystem.trim' : 'telemetry';
}

/** Its input is text for the API, so other bytes travel as base64 and are decoded in the guest. */
function execForm(given: Arguments): Record<string, string | readonly string[]> {
  const arguments_ = Array.isArray(given['arg']) ? given['arg'].map(String) : [];
  const command = [String(given['path']), ...arguments_];
  const input = given['input-data'];
  if (input === undefined) return { command };
  const base64 = String(input);
  if (encodeURIComponent(base64).length > maxInputChars)
    throw new OperationError('INVALID_ARGUMENT', 'Through Proxmox VE, a command has at most about 35 KiB of input.');
  return { command: ['/bin/sh', '-c', 'base64 -d | "$@"', 'sh', ...command], 'input-data': base64 };
}
