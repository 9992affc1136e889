import { isOperationError, type ReasonName } from '@innkeeper/contract/errors';
import { CliError } from './cli-error.ts';

/** 1 general, 2 usage, 3 not found, 4 permission, 5 conflict, 6 agent unavailable, 7 timeout, 130 interrupted, 141 pipe closed by its reader. */
export const exitCodes = {
  general: 1,
  usage: 2,
  notFound: 3,
  permission: 4,
  conflict: 5,
  agentUnavailable: 6,
  timeout: 7,
  interrupted: 130,
  brokenPipe: 141,
} as const;

const ofReason: Partial<Record<ReasonName, number>> = {
  AGENT_UNREACHABLE: exitCodes.agentUnavailable,
  AGENT_RESTARTED: exitCodes.agentUnavailable,
  VM_NOT_RUNNING: exitCodes.agentUnavailable,
  GUEST_MISBEHAVES: exitCodes.agentUnavailable,
  VM_WRONG_STATE: exitCodes.conflict,
  VM_BUSY: exitCodes.conflict,
  IMAGE_IN_USE: exitCodes.conflict,
  USER_FILES_LOCKED: exitCodes.conflict,
  FREEZE_HELD: exitCodes.conflict,
  FREEZE_ENDED: exitCodes.conflict,
  NETWORK_HELD: exitCodes.conflict,
  NETWORK_ENDED: exitCodes.conflict,
  NETWORK_NOT_PENDING: exitCodes.conflict,
  DAEMON_UNREACHABLE: exitCodes.general,
};

/** For errors of local files. */
const ofErrno: Record<string, number> = {
  ENOENT: exitCodes.notFound,
  EACCES: exitCodes.permission,
  EPERM: exitCodes.permission,
};

/** The exit code for an error of any kind; 1 for an unknown one. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (!isOperationError(error))
    return ofErrno[String((error as NodeJS.ErrnoException | null)?.code)] ?? exitCodes.general;
  const known = ofReason[error.reason];
  if (known !== undefined) return known;
  switch (error.code) {
    case 'invalid_argument':
    case 'out_of_range':
      return exitCodes.usage;
    case 'not_found':
      return exitCodes.notFound;
    case 'permission_denied':
    case 'unauthenticated':
      return exitCodes.permission;
    case 'already_exists':
      return exitCodes.conflict;
    case 'deadline_exceeded':
      return exitCodes.timeout;
    case 'canceled':
      return exitCodes.interrupted;
    default:
      return exitCodes.general;
  }
}
