import { OperationError } from '@innkeeper/contract/errors';
import { cleanUp } from './clean-up.ts';
import type { ForeignExit, ForeignWriteRequest } from './foreign-agent.ts';
import { lacks } from './refusals.ts';

/** Runs a program of the guest to its end. */
export type RunInGuest = (argv: readonly string[], signal: AbortSignal) => Promise<ForeignExit>;

const maxPathBytes = 4096;

/** @throws OperationError INVALID_PATH unless it is absolute, without "..", and as short as the kernel allows */
export function checkGuestPath(path: string): void {
  if (
    !path.startsWith('/') ||
    path.includes('\0') ||
    path.split('/').includes('..') ||
    Buffer.byteLength(path) >= maxPathBytes
  )
    throw new OperationError('INVALID_PATH', 'A path must be absolute, without ".." and NUL, and at most 4,095 bytes.');
}

/** @throws OperationError INVALID_PATH for the root, however it is written: it is never removed */
export function refuseRoot(path: string): void {
  if (path.split('/').every((part) => part === '' || part === '.'))
    throw new OperationError('INVALID_PATH', 'The root of the guest is not removed.');
}

/** Where an upload is written, and what makes it appear or disappear. */
interface Place {
  readonly path: string;
  readonly finish: () => Promise<void>;
  /** Never rejects. */
  readonly undo: () => Promise<void>;
}

/**
 * Prepares an upload. With commands, it goes to `beside` and gets its mode and owner before it is renamed. Without them it
 * is written in place, and what would need a command is refused.
 */
export async function settle(
  run: RunInGuest | undefined,
  open: ForeignWriteRequest,
  beside: string,
  signal: AbortSignal,
): Promise<Place> {
  const { path = '', mode, user, group } = open;
  if (run === undefined) {
    const needs = [
      mode === undefined ? '' : 'a mode',
      user === undefined && group === undefined ? '' : 'an owner',
      open.createParents === true ? 'its folders' : '',
      open.mustNotExist === true ? 'a check that it does not exist' : '',
      open.modifiedUnixNs === undefined ? '' : 'a time',
    ].filter((need) => need !== '');
    if (needs.length > 0)
      throw lacks(`This agent writes files in place and cannot give one ${needs.join(', ')}`, 'exec');
    return { path, finish: async () => undefined, undo: async () => undefined };
  }
  const command = async (...argv: string[]): Promise<void> => await succeed(run, argv, signal);
  if (open.createParents === true) await command('mkdir', '-p', '--', path.slice(0, path.lastIndexOf('/')) || '/');
  if (open.mustNotExist === true) await absent(run, path, signal);
  const owner = `${user ?? ''}${group === undefined ? '' : `:${group}`}`;
  return {
    path: beside,
    finish: async () => {
      // As the file that it replaces, or as a new file usually is.
      if (mode === undefined)
        await command('sh', '-c', 'chmod "$(stat -c %a -- "$0" 2>/dev/null || echo 644)" "$1"', path, beside);
      else await command('chmod', mode.toString(8), beside);
      if (owner !== '') await command('chown', owner, beside);
      if (open.modifiedUnixNs !== undefined)
        await command('touch', '-d', `@${open.modifiedUnixNs / 1_000_000_000n}`, beside);
      await command(
        'sh',
        '-c',
        '[ ! -d "$1" ] || { echo "Is a directory" >&2; exit 1; }; exec mv -f -- "$0" "$1"',
        beside,
        path,
      );
    },
    undo: async () => {
      await cleanUp((either) => run(['rm', '-f', '--', beside], either));
    },
  };
}

async function absent(run: RunInGuest, path: string, signal: AbortSignal): Promise<void> {
  const { status } = await run(['sh', '-c', '[ -e "$0" ] || [ -L "$0" ]', path], signal);
  if (status.case === 'exitCode' && status.value === 0) throw new OperationError('FILE_EXISTS', `${path} exists.`);
}

const meanings = [
  [/No such file/i, 'FILE_NOT_FOUND'],
  [/Is a directory/i, 'FILE_IS_DIRECTORY'],
  [/Not a directory/i, 'FILE_NOT_DIRECTORY'],
  [/File exists/i, 'FILE_EXISTS'],
  [/Permission denied|Operation not permitted/i, 'FILE_PERMISSION'],
  [/Read-only file system/i, 'FILE_READ_ONLY'],
  [/No space left|quota/i, 'GUEST_DISK_FULL'],
  [/invalid user|unknown user/i, 'USER_NOT_FOUND'],
  [/invalid group|unknown group/i, 'GROUP_NOT_FOUND'],
] as const;

/** Characters of a message that are looked at. */
const maxMessageCharacters = 400;

/** The reason that a message of a guest's program or kernel means; undefined for any other message. */
export function failureMeaning(text: string): (typeof meanings)[number][1] | undefined {
  const start = text.slice(0, maxMessageCharacters);
  return meanings.find(([pattern]) => pattern.test(start))?.[1];
}

/** Runs a program that must succeed; otherwise its message decides the reason. */
export async function succeed(run: RunInGuest, argv: readonly string[], signal: AbortSignal): Promise<void> {
  const { status, stderr } = await run(argv, signal);
  if (status.case === 'exitCode' && status.value === 0) return;
  throw commandFailed(argv, stderr);
}

/** The error of a file command, by what it printed. */
export function commandFailed(argv: readonly string[], stderr: Uint8Array): OperationError {
  const text = Buffer.from(stderr.subarray(0, 400)).toString().replaceAll(/\s+/g, ' ').trim();
  return new OperationError(failureMeaning(text) ?? 'GUEST_IO', `${argv[0]} failed in the guest: ${text}`);
}
