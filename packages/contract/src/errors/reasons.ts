import { accessReasons } from './access-reasons.ts';
import { guestReasons } from './guest-reasons.ts';
import type { Reason } from './reason.ts';

/**
 * Every reason there is. A reason is a promise to programs: it is never renamed and never used for something else.
 */
export const reasons = {
  // Asked wrongly
  INVALID_NAME: {
    code: 'invalid_argument',
    when: 'A name has characters or a length that names may not have.',
    next: 'Use 1 to 63 characters of a-z, 0-9 and "-", beginning and ending with a letter or digit.',
  },
  MALFORMED_REQUEST: {
    code: 'invalid_argument',
    when: 'The request is not whole, or not one message of the method in the format that its content type names.',
    next: 'Send one message of the method’s request type, in protobuf or JSON as the content type says.',
  },
  CONTENT_UNSUPPORTED: {
    code: 'unimplemented',
    when: 'The request has a content type or a compression that the API does not take.',
    next: 'Send the body uncompressed, as JSON or protobuf, with its content type.',
  },
  REQUEST_TOO_LARGE: {
    code: 'resource_exhausted',
    when: 'The request has more bytes than the API takes.',
    next: 'Send fewer at once; files go by the file routes.',
  },
  UNSUPPORTED_BY_DRIVER: {
    code: 'unimplemented',
    when: 'The VM’s driver cannot do this.',
    next: 'Use another driver for such VMs.',
  },
  CANCELED: { code: 'canceled', when: 'The caller gave up.', next: 'Ask again if it is still wanted.' },
  INTERNAL: { code: 'internal', when: 'A fault of ours.', next: 'Report it with the log id in the message.' },
  // VMs and images
  VM_NOT_FOUND: { code: 'not_found', when: 'No VM has this name or id.', next: 'See "inn ls".' },
  VM_NAME_TAKEN: {
    code: 'already_exists',
    when: 'Another VM has this name.',
    next: 'Choose another name, or remove the other VM with "inn rm".',
  },
  VM_WRONG_STATE: {
    code: 'failed_precondition',
    when: 'The VM’s state does not allow this.',
    next: 'Bring the VM into the state that the message names.',
  },
  VM_BUSY: { code: 'aborted', when: 'Another operation works on this VM.', next: 'Wait for it: "inn show" names it.' },
  IMAGE_NOT_FOUND: {
    code: 'not_found',
    when: 'No image has this name.',
    next: 'See "inn image ls"; make one with "inn image add" or "inn image build".',
  },
  IMAGE_NAME_TAKEN: {
    code: 'already_exists',
    when: 'Another image has this name.',
    next: 'Choose another name, or remove the other image.',
  },
  IMAGE_IN_USE: { code: 'failed_precondition', when: 'VMs use this image.', next: 'Remove those VMs first.' },
  IMAGE_CORRUPT: {
    code: 'failed_precondition',
    when: 'The image’s file system has errors, so the agent was not put in.',
    next: 'Repair a copy with e2fsck -f and add it again.',
  },
  IMAGE_NOT_EXT4: {
    code: 'failed_precondition',
    when: 'The image has no ext2, ext3 or ext4 file system that can be edited without mounting it.',
    next: 'Install the agent from inside the guest.',
  },
  IMAGE_NO_INIT: {
    code: 'failed_precondition',
    when: 'No init system was recognised in the image, so nothing would start the agent.',
    next: 'Start /usr/local/bin/innkeeper-agent at boot by other means.',
  },
  IMAGE_ARCHITECTURE: {
    code: 'failed_precondition',
    when: 'There is no agent for the image’s CPU architecture.',
    next: 'There are agents for amd64 and arm64: build both with "npm run build:agent -- --arch all" and restart the daemon.',
  },
  IMAGE_UNSAFE_PATH: {
    code: 'failed_precondition',
    when: 'A place where the agent goes is a symbolic link or not a directory in the image.',
    next: 'Use a trusted image, or install the agent from inside the guest.',
  },
  IMAGE_FULL: {
    code: 'resource_exhausted',
    when: 'The image’s file system has no room for the agent.',
    next: 'Enlarge the image, or free 2 MiB in it.',
  },
  IMAGE_UNREADABLE: {
    code: 'invalid_argument',
    when: 'The file is no disk image that can be read.',
    next: 'Give a raw or qcow2 image that this user can read.',
  },
  IMAGE_BUILD_FAILED: {
    code: 'internal',
    when: 'A step of building an image failed.',
    next: 'Look at the operation’s log.',
  },
  // Host
  HOST_DISK_FULL: {
    code: 'resource_exhausted',
    when: 'The host has no space left; what was begun was undone.',
    next: 'Free space on the file system of the data folder (df), then ask again; reading, stopping and removing go on.',
  },
  HYPERVISOR_MISSING: {
    code: 'failed_precondition',
    when: 'The hypervisor’s program is not installed.',
    next: 'Install it: apt-get install qemu-system-x86.',
  },
  HYPERVISOR_FAILED: {
    code: 'internal',
    when: 'The hypervisor ended at start.',
    next: 'Its last lines are in the message.',
  },
  HYPERVISOR_UNREACHABLE: {
    code: 'unavailable',
    when: 'The hypervisor’s control socket does not answer.',
    next: 'Use "inn kill" and start the VM again.',
  },
  AGENT_NOT_BUILT: {
    code: 'failed_precondition',
    when: 'The daemon has no agent to give out.',
    next: 'Build it on the daemon’s host with "npm run build:agent", and start the daemon again.',
  },
  PROGRAM_MISSING: {
    code: 'failed_precondition',
    when: 'A program that this needs is not installed on the host.',
    next: 'Install the package that the message names.',
  },
  DATA_FOLDER_IN_USE: {
    code: 'failed_precondition',
    when: 'Another daemon works in this data folder.',
    next: 'Use that one, stop it, or give another --data.',
  },
  DATA_FOLDER_MISMATCH: {
    code: 'failed_precondition',
    when: 'The database and the data folder do not belong together, so the daemon did not start.',
    next: 'Give the database of this folder (its innkeeper.db, or DATABASE_URL), or another --data. To take over what lies in the folder, start once with --adopt-data.',
  },
  DATA_FOLDER_UNUSABLE: {
    code: 'failed_precondition',
    when: 'The data folder cannot be read or written.',
    next: 'Give a folder that this user may read and write with --data.',
  },
  DAEMON_UNREACHABLE: {
    code: 'unavailable',
    when: 'No daemon listens on the socket.',
    next: 'Start it with "npm start" or "innkeeper serve".',
  },
  NODE_UNREACHABLE: {
    code: 'unavailable',
    when: 'The control plane answers, and the node behind it does not; its VMs run on.',
    next: 'Try again in a moment. Look at "innkeeper node" on its host when it lasts.',
  },
  DATABASE_UNREACHABLE: {
    code: 'unavailable',
    when: 'The database server does not answer.',
    next: 'Try again in a moment. Look at the server that DATABASE_URL names when it lasts.',
  },
  OPERATION_NOT_FOUND: {
    code: 'not_found',
    when: 'No operation has this id.',
    next: 'Operations are kept for a week.',
  },
  OPERATION_INTERRUPTED: {
    code: 'aborted',
    when: 'The daemon ended in the middle of it; what was half done was undone.',
    next: 'Ask again.',
  },
  INTERRUPTED: {
    code: 'aborted',
    when: 'Only in the audit: the daemon ended before it had written down how this ended. It may have happened wholly, in part or not at all.',
    next: 'Look at what it was to do.',
  },
  // Who may do what
  ...accessReasons,
  // Agent
  AGENT_UNREACHABLE: {
    code: 'unavailable',
    when: 'The agent of the VM does not answer.',
    next: 'Run "inn doctor" for this VM.',
  },
  AGENT_RESTARTED: {
    code: 'aborted',
    when: 'The agent, or its guest, was started anew, and the work it did is gone.',
    next: 'Ask again.',
  },
  VM_NOT_RUNNING: { code: 'failed_precondition', when: 'The VM does not run.', next: 'Start it: "inn start".' },
  GUEST_MISBEHAVES: {
    code: 'data_loss',
    when: 'The guest sent what no agent sends; its session was dropped.',
    next: 'Look into the guest: its agent may have been replaced.',
  },
  AGENT_ERROR: {
    code: 'internal',
    when: 'The agent in the guest failed with an error that is not one of a guest operation; its words are quoted.',
    next: 'Look at the log of the agent in the guest.',
  },
  // Guest operations
  ...guestReasons,
  RUN_NOT_FOUND: {
    code: 'not_found',
    when: 'No run has this id, or it was removed because it is old.',
    next: 'Look at the runs that there are.',
  },
  RUN_LOST: {
    code: 'aborted',
    when: 'The guest or the daemon was started anew while it ran, and how it ended is not known.',
    next: 'Look in the guest at what it did before you run it again.',
  },
  RUN_ID_TAKEN: {
    code: 'already_exists',
    when: 'Another run, of somebody else or of something else, has this id.',
    next: 'Give another id, or none: then one is made.',
  },
  TERMINAL_NOT_FOUND: {
    code: 'not_found',
    when: 'The VM has no terminal of this id, or it is somebody else’s.',
    next: 'List the terminals: "inn shell VM --ls".',
  },
  TOO_MANY_TERMINALS: {
    code: 'resource_exhausted',
    when: 'As many terminals are open as may be.',
    next: 'Close one that is not needed.',
  },
  CONSOLE_NOT_WRITER: {
    code: 'failed_precondition',
    when: 'Somebody else types on this console.',
    next: 'Take it over, or wait until it is given up.',
  },
  ARCHIVE_REFUSED: {
    code: 'data_loss',
    when: 'The archive that a guest sent is malformed, was cut, or has an entry that does not belong to the path that was asked for.',
    next: 'Look into the guest: its agent may have been replaced. Nothing was written outside of the target; check what the target holds.',
  },
} as const satisfies Record<string, Reason>;

export type ReasonName = keyof typeof reasons;

/** Whether a string from the other side is a reason that this version knows. */
export function isReasonName(text: string): text is ReasonName {
  return Object.hasOwn(reasons, text);
}
