import type { GuestProcess } from '@innkeeper/contract/agent';

/** Sort keys. The guest sorts, so that the first 1,000 are the right ones. */
const processSorts = ['cpu', 'memory', 'pid', 'name'] as const;
export type ProcessSortKey = (typeof processSorts)[number];

export interface ProcessOrder {
  readonly key: ProcessSortKey;
  readonly reversed: boolean;
}

/** Reads the order from an address: "cpu", "-cpu". Default: by CPU. */
export function processOrderOf(text: string | null): ProcessOrder {
  const reversed = text?.startsWith('-') === true;
  const key = processSorts.find((each) => each === (reversed ? text?.slice(1) : text));
  return key === undefined ? { key: 'cpu', reversed: false } : { key, reversed };
}

type Searched = Pick<GuestProcess, 'pid' | 'name' | 'command' | 'user'>;

/** Keeps processes that contain all words in name, command, user or pid. */
export function filterProcesses<T extends Searched>(processes: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return processes.filter(({ pid, name, command, user }) => {
    const searched = `${pid} ${name} ${command} ${user}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** Kernel threads all descend from process 2. */
export function isKernelThread({ pid, parentPid }: Pick<GuestProcess, 'pid' | 'parentPid'>): boolean {
  return pid === 2 || parentPid === 2;
}

/** Why a process cannot be signalled; undefined if it can. */
export function signalRefusal(
  process: Pick<GuestProcess, 'pid' | 'parentPid' | 'name'>,
  allowed: boolean,
): string | undefined {
  if (!allowed) return 'You lack the privilege guest.exec on this VM';
  if (process.pid === 1) return 'The guest would end with it; stop the VM instead';
  if (isKernelThread(process)) return 'A kernel thread cannot be signalled';
  return undefined;
}

const states: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a device',
  T: 'stopped',
  t: 'stopped by a debugger',
  Z: 'zombie, not reaped by its parent',
  I: 'idle',
  X: 'dead',
};

/** Describes a process state letter, as used by ps. */
export function processState(letter: string): string {
  return states[letter] ?? letter;
}
