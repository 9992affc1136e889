import { OperationError } from '@innkeeper/contract';
import type { Caller, Grant } from '../ports/caller.ts';

/** Header in which a control plane names the caller. Read only on the node's listeners for control planes. */
export const callerHeader = 'x-innkeeper-caller';

interface CallerJson {
  readonly name: string;
  readonly via: 'session' | 'token';
  readonly address: string;
  readonly grants: readonly { readonly scopes: readonly string[]; readonly privileges: readonly string[] }[];
  readonly allowedCommands: readonly string[];
  readonly token?: { readonly id: string; readonly name: string; readonly expiresMs: number };
}

/**
 * The caller as the header has it: base64url of JSON. Nothing in it is a secret; of a session, neither its id nor its CSRF
 * token goes along, since the control plane has checked both. Throws NOT_LOGGED_IN for who has neither session nor token.
 */
export function encodeCaller({ name, via, address, grants, allowedCommands, token }: Caller): string {
  if (via !== 'session' && via !== 'token') {
    throw new OperationError('NOT_LOGGED_IN', 'This requires a login.');
  }
  const json: CallerJson = {
    name,
    via,
    address,
    allowedCommands,
    grants: grants.map(({ scopes, privileges }) => ({ scopes, privileges: [...privileges] })),
    ...(token === undefined ? {} : { token }),
  };
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

/** Parses the caller named by a control plane. Fails with TOKEN_INVALID if the header is malformed. */
export function decodeCaller(header: string): Caller {
  const json = parse(header);
  if (!isCallerJson(json)) {
    throw new OperationError('TOKEN_INVALID', 'The control plane sent a caller header that this node cannot read.', {
      nextStep: 'Run the same version of "innkeeper control" and "innkeeper node".',
    });
  }
  const { name, via, address, allowedCommands, token } = json;
  const grants: Grant[] = json.grants.map(({ scopes, privileges }) => ({ scopes, privileges: new Set(privileges) }));
  return { name, via, address, grants, allowedCommands, ...(token === undefined ? {} : { token }) };
}

function parse(header: string): unknown {
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    // No JSON: not of a control plane of this version.
    return undefined;
  }
}

/** A missing scope would mean "everywhere", so anything that does not match exactly is refused. */
function isCallerJson(value: unknown): value is CallerJson {
  if (!isRecord(value)) return false;
  const { name, via, address, grants, allowedCommands, token } = value;
  return (
    typeof name === 'string' &&
    (via === 'session' || (via === 'token' && isToken(token))) &&
    typeof address === 'string' &&
    isTexts(allowedCommands) &&
    Array.isArray(grants) &&
    grants.every((grant) => isRecord(grant) && isTexts(grant['scopes']) && isTexts(grant['privileges']))
  );
}

function isToken(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return typeof value['id'] === 'string' && typeof value['name'] === 'string' && typeof value['expiresMs'] === 'number';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
