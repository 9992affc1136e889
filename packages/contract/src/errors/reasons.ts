import { accessReasons } from './access-reasons.ts';
import { guestReasons } from './guest-reasons.ts';
import type { Reason } from './reason.ts';

/**
 * Every error reason. A reason is a promise to programs: it is never renamed and never reused for another error.
 */
export const reasons = {
  // Invalid requests
  INVALID_NAME: {
    code: 'invalid_argument',
    when: 'A name has characters or a length that are not allowed.',
    next: 'Use 1 to 63 characters of a-z, 0-9 and "-", beginning and ending with a letter or digit.',
  },
  MALFORMED_REQUEST: {
    code: 'invalid_argument',
    when: 'The request is incomplete, or is not one message of the method’s request type in the format of its content type.',
    next: 'Send one message of the method’s request type, in protobuf or JSON as the content type says.',
  },
  CONTENT_UNSUPPORTED: {
    code: 'unimplemented',
    when: 'The API does not support the request’s content type or compression.',
    next: 'Send the body uncompressed, as JSON or protobuf, with its content type.',
  },
  REQUEST_TOO_LARGE: {
    code: 'resource_exhausted',
    when: 'The request is larger than the API accepts.',
    next: 'Send less at once; use the file routes for files.',
  },
  UNSUPPORTED_BY_DRIVER: {
    code: 'unimplemented',
    when: 'The VM’s driver cannot do this.',
    next: 'Use another driver for such VMs.',
  },
  CANCELED: { code: 'canceled', when: 'The caller canceled the call.', next: 'Repeat the call if it is still needed.' },
  INTERNAL: { code: 'internal', when: 'Internal error.', next: 'Report it with the log id in the message.' },
  // VMs and images
  VM_NOT_FOUND: { code: 'not_found', when: 'No VM has this name or id.', next: 'List the VMs to see their names.' },
  VM_NAME_TAKEN: {
    code: 'already_exists',
    when: 'Another VM has this name.',
    next: 'Choose another name, or remove the other VM.',
  },
  VM_WRONG_STATE: {
    code: 'failed_precondition',
    when: 'The VM’s state does not allow this.',
    next: 'Bring the VM into the state that the message names.',
  },
  VM_BUSY: {
    code: 'aborted',
    when: 'Another operation is running on this VM.',
    next: 'Wait until the VM’s operation has ended.',
  },
  TUNNEL_NOT_HTTP: {
    code: 'failed_precondition',
    when: 'The program at this port of the guest does not answer in HTTP.',
    next: 'Forward the port instead, and connect with a client that speaks what the program speaks.',
  },
  TOO_MANY_TUNNELS: {
    code: 'resource_exhausted',
    when: 'The VM has as many open connections through the daemon as it may have.',
    next: 'Close some of them: forwards, tunnels and pages of this VM.',
  },
  VM_FILES_MISSING: {
    code: 'failed_precondition',
    when: 'A file that the VM needs to start is missing: its disk, the image file that the disk lies over, or its kernel.',
    next: 'Put the file back where it was; a folder may have been renamed, or its file system is not mounted. If it is lost, remove the VM.',
  },
  IMAGE_NOT_FOUND: {
    code: 'not_found',
    when: 'No image has this name.',
    next: 'List the images to see their names; add or build one.',
  },
  IMAGE_NAME_TAKEN: {
    code: 'already_exists',
    when: 'Another image has this name.',
    next: 'Choose another name, or remove the other image.',
  },
  IMAGE_IN_USE: { code: 'failed_precondition', when: 'VMs use this image.', next: 'Remove those VMs first.' },
  IMAGE_CORRUPT: {
    code: 'failed_precondition',
    when: 'The image’s file system has errors, so the agent was not installed.',
    next: 'Repair a copy with e2fsck -f and add it again.',
  },
  IMAGE_NOT_EXT4: {
    code: 'failed_precondition',
    when: 'The image has no ext2, ext3 or ext4 file system, the only ones that can be edited without mounting.',
    next: 'Install the agent from inside the guest.',
  },
  IMAGE_NEEDS_UEFI: {
    code: 'failed_precondition',
    when: 'The image starts only with UEFI; VMs start with a BIOS.',
    next: 'Use the variant of the image that starts with a BIOS too, often named "generic" or "bios".',
  },
  IMAGE_NO_INIT: {
    code: 'failed_precondition',
    when: 'No init system was recognised in the image, so nothing would start the agent.',
    next: 'Configure the guest to start /usr/local/bin/innkeeper-agent at boot.',
  },
  IMAGE_ARCHITECTURE: {
    code: 'failed_precondition',
    when: 'There is no agent for the image’s CPU architecture.',
    next: 'Agents exist for amd64 and arm64: build both with "npm run build:agent -- --arch all" and restart the daemon.',
  },
  IMAGE_UNSAFE_PATH: {
    code: 'failed_precondition',
    when: 'A path that the agent is installed to is a symbolic link or not a directory in the image.',
    next: 'Use a trusted image, or install the agent from inside the guest.',
  },
  IMAGE_FULL: {
    code: 'resource_exhausted',
    when: 'The image’s file system does not have enough space for the agent.',
    next: 'Enlarge the image, or free 2 MiB in it.',
  },
  IMAGE_UNREADABLE: {
    code: 'invalid_argument',
    when: 'The file is not a readable disk image.',
    next: 'Give a raw or qcow2 image that this user can read.',
  },
  IMAGE_DOWNLOAD_FAILED: {
    code: 'unavailable',
    when: 'The URL of an image could not be downloaded.',
    next: 'Check the URL and the node’s network, or download the file yourself and upload it.',
  },
  IMAGE_BUILD_FAILED: {
    code: 'internal',
    when: 'A step of building an image failed.',
    next: 'See the operation’s log.',
  },
  // Host
  HOST_DISK_FULL: {
    code: 'resource_exhausted',
    when: 'The host’s disk is full; the unfinished work was undone.',
    next: 'Free space on the file system of the data folder (df), then try again; reading, stopping and removing still work.',
  },
  HYPERVISOR_MISSING: {
    code: 'failed_precondition',
    when: 'The hypervisor’s program is not installed.',
    next: 'Install it: apt-get install qemu-system-x86.',
  },
  HYPERVISOR_FAILED: {
    code: 'internal',
    when: 'The hypervisor exited during start.',
    next: 'See its last lines in the message.',
  },
  HYPERVISOR_UNREACHABLE: {
    code: 'unavailable',
    when: 'The hypervisor’s control socket does not answer.',
    next: 'Kill the VM and start it again.',
  },
  AGENT_NOT_BUILT: {
    code: 'failed_precondition',
    when: 'The daemon has no agent binary to serve.',
    next: 'Build it on the daemon’s host with "npm run build:agent", and restart the daemon.',
  },
  PROGRAM_MISSING: {
    code: 'failed_precondition',
    when: 'A required program is not installed on the host.',
    next: 'Install the package that the message names.',
  },
  DATA_FOLDER_IN_USE: {
    code: 'failed_precondition',
    when: 'Another daemon is using this data folder.',
    next: 'Use that daemon, stop it, or choose another folder with --data.',
  },
  DATA_FOLDER_MISMATCH: {
    code: 'failed_precondition',
    when: 'The database and the data folder do not belong together, so the daemon did not start.',
    next: 'Use the database of this folder (its innkeeper.db, or DATABASE_URL), or choose another folder with --data. To take over the images and VMs in the folder, start once with --adopt-data.',
  },
  DATA_FOLDER_UNUSABLE: {
    code: 'failed_precondition',
    when: 'The data folder cannot be read or written.',
    next: 'Choose a folder with --data that this user may read and write.',
  },
  DAEMON_UNREACHABLE: {
    code: 'unavailable',
    when: 'No daemon is listening on the socket.',
    next: 'Start it with "npm start" or "innkeeper serve".',
  },
  NODE_UNREACHABLE: {
    code: 'unavailable',
    when: 'The control plane answers, but its node does not; the node’s VMs keep running.',
    next: 'Try again in a moment. If this persists, check "innkeeper node" on its host.',
  },
  DATABASE_UNREACHABLE: {
    code: 'unavailable',
    when: 'The database server does not answer.',
    next: 'Try again in a moment. If this persists, check the server in DATABASE_URL.',
  },
  DATABASE_VERSION_UNKNOWN: {
    code: 'failed_precondition',
    when: 'This version of Innkeeper cannot read the database, so the daemon did not start.',
    next: 'Start the version that wrote it. Or move the database aside (innkeeper.db with its -wal and -shm, or give another DATABASE_URL) and start once with --adopt-data: images and VMs come back, users, history and the audit do not.',
  },
  DATABASE_CORRUPT: {
    code: 'data_loss',
    when: 'The database file is damaged, or is not an SQLite database.',
    next: 'Stop the daemon, move innkeeper.db with its -wal and -shm aside together, and put back a backup of it. Without one, start once with --adopt-data; it takes over the images and VMs of the data folder.',
  },
  OPERATION_NOT_FOUND: {
    code: 'not_found',
    when: 'No operation has this id.',
    next: 'List the operations; they are kept for a week.',
  },
  OPERATION_ID_TAKEN: {
    code: 'already_exists',
    when: 'An operation that was asked for in another way already has this id.',
    next: 'Use another id, or omit it to have one generated.',
  },
  OPERATION_INTERRUPTED: {
    code: 'aborted',
    when: 'The daemon stopped during the operation; unfinished work was undone.',
    next: 'Try again.',
  },
  INTERRUPTED: {
    code: 'aborted',
    when: 'Only in the audit: the daemon stopped before it recorded the result. The act may have happened completely, partly or not at all.',
    next: 'Check whether the act took effect.',
  },
  // Access
  ...accessReasons,
  // Agent
  AGENT_UNREACHABLE: {
    code: 'unavailable',
    when: 'The agent of the VM does not answer.',
    next: 'Diagnose the VM: that names the step that fails.',
  },
  AGENT_RESTARTED: {
    code: 'aborted',
    when: 'The agent or its guest restarted, and its running work was lost.',
    next: 'Try again.',
  },
  VM_NOT_RUNNING: { code: 'failed_precondition', when: 'The VM is not running.', next: 'Start the VM.' },
  GUEST_MISBEHAVES: {
    code: 'data_loss',
    when: 'The guest violated the agent protocol; its session was closed.',
    next: 'Inspect the guest: its agent may have been replaced.',
  },
  AGENT_ERROR: {
    code: 'internal',
    when: 'The agent failed with a reason that agents may not use; its message is quoted.',
    next: 'See the agent’s log in the guest.',
  },
  // Guest methods
  ...guestReasons,
  RUN_NOT_FOUND: {
    code: 'not_found',
    when: 'No run has this id, or it was old and has been removed.',
    next: 'List the runs.',
  },
  RUN_LOST: {
    code: 'aborted',
    when: 'The guest or the daemon restarted during the run, and its result is unknown.',
    next: 'Check in the guest what it did before you run it again.',
  },
  RUN_ID_TAKEN: {
    code: 'already_exists',
    when: 'A different run already has this id.',
    next: 'Use another id, or omit it to have one generated.',
  },
  TERMINAL_NOT_FOUND: {
    code: 'not_found',
    when: 'The VM has no terminal with this id, or it belongs to another user.',
    next: 'List the terminals of the VM.',
  },
  TOO_MANY_TERMINALS: {
    code: 'resource_exhausted',
    when: 'The VM already has the maximum number of terminals (16).',
    next: 'Close one that is no longer needed.',
  },
  CONSOLE_NOT_WRITER: {
    code: 'failed_precondition',
    when: 'Another viewer is the writer of this console.',
    next: 'Take over writing, or wait until it is released.',
  },
  ARCHIVE_REFUSED: {
    code: 'data_loss',
    when: 'The archive that a guest sent is malformed, truncated, or has an entry outside the requested path.',
    next: 'Inspect the guest: its agent may have been replaced. Nothing was written outside the target; check the target’s contents.',
  },
} as const satisfies Record<string, Reason>;

export type ReasonName = keyof typeof reasons;

/** Whether a string from the peer is a reason that this version knows. */
export function isReasonName(text: string): text is ReasonName {
  return Object.hasOwn(reasons, text);
}
