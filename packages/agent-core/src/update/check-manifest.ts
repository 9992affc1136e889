import type { UpdateManifest } from '@innkeeper/contract/agent';
import {
  confirmWithinSeconds,
  isOutdatedVersion,
  maxUpdateBytes,
  maxVersionChars,
  parseUpdateKeys,
  updateManifestText,
} from '@innkeeper/contract/agent-update';
import { OperationError } from '@innkeeper/contract/errors';
import { hex } from '../hex.ts';
import type { Host } from '../host.ts';
import { agentUid } from '../process/accounts.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const maxKeysBytes = 64 * 1024;

/** A manifest that may be followed. */
export interface CheckedManifest {
  readonly version: string;
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
  readonly confirmWithinSeconds: number;
  readonly cutCalls: boolean;
}

/**
 * Checks what a manifest says, and who says it.
 * @param keysPath of the keys that this guest trusts
 * @throws OperationError INVALID_ARGUMENT, UPDATE_UNTRUSTED, UPDATE_INVALID, UPDATE_OLDER
 */
export function checkManifest(host: Host, keysPath: string, manifest: UpdateManifest): CheckedManifest {
  const { version, architecture, sha256, signature, allowOlder, cutCalls } = manifest;
  const size = Number(manifest.size);
  const seconds = manifest.confirmWithinSeconds || confirmWithinSeconds.default;
  if (!/^\d[\w.+-]*$/.test(version) || version.length > maxVersionChars)
    throw new OperationError('INVALID_ARGUMENT', `version must be one of at most ${maxVersionChars} characters.`);
  if (size < 1 || size > maxUpdateBytes)
    throw new OperationError('INVALID_ARGUMENT', `size must be 1 to ${maxUpdateBytes} bytes.`);
  if (sha256.length !== 32 || signature.length !== 64)
    throw new OperationError('INVALID_ARGUMENT', 'sha256 must have 32 bytes, and signature 64.');
  if (seconds < confirmWithinSeconds.min || seconds > confirmWithinSeconds.max)
    throw new OperationError(
      'INVALID_ARGUMENT',
      `confirm_within_seconds must be ${confirmWithinSeconds.min} to ${confirmWithinSeconds.max}.`,
    );
  const text = updateManifestText({ version, architecture, size, sha256: hex(sha256) });
  checkSignature(host, keysPath, new TextEncoder().encode(text), signature);
  const { machine } = host.system.uname();
  if (architecture !== machine)
    throw new OperationError('UPDATE_INVALID', `The agent is for ${architecture}, and this guest is ${machine}.`);
  const { agentVersion } = host.system;
  if (isOutdatedVersion(version, agentVersion) && !allowOlder)
    throw new OperationError('UPDATE_OLDER', `The agent ${version} is older than ${agentVersion}, which runs here.`);
  return { version, size, sha256: hex(sha256), confirmWithinSeconds: seconds, cutCalls };
}

function checkSignature(host: Host, keysPath: string, text: Uint8Array, signature: Uint8Array): void {
  const keys = readKeys(host, keysPath);
  if (keys.length === 0)
    throw new OperationError('UPDATE_UNTRUSTED', `This guest trusts no key for updates: ${keysPath} has none.`);
  if (!keys.some((key) => host.program.verifySignature(bytesOf(key), text, signature)))
    throw new OperationError('UPDATE_UNTRUSTED', `The agent is not signed by a key of ${keysPath} in this guest.`);
}

/** Its keys decide which program runs as the agent, so only root and the agent's own user may be able to write it. */
function readKeys(host: Host, path: string): string[] {
  const text = readTrimmed(host, path, maxKeysBytes);
  if (text === undefined) return [];
  const { uid, mode } = host.files.stat(path, true);
  if ((uid !== 0 && uid !== agentUid(host)) || (mode & 0o022) !== 0)
    throw new OperationError(
      'UPDATE_UNTRUSTED',
      `${path} can be written by others than root: chown root ${path}; chmod 644 ${path}`,
    );
  return parseUpdateKeys(text);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
