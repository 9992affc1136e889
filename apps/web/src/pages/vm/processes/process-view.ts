import type { GuestProcess } from '@innkeeper/contract/agent';

/** How the table is sorted. The server sorts, so that the first thousand are the right ones. */
export const processSorts = ['cpu', 'memory', 'pid', 'name'] as const;
export type ProcessSortKey = (typeof processSorts)[number];

export interface ProcessOrder {
  readonly key: ProcessSortKey;
  readonly reversed: boolean;
}

/** The order of an address: "cpu", "-cpu"; by CPU where it names none. */
export function processOrderOf(text: string | null): ProcessOrder {
  const reversed = text?.startsWith('-') === true;
  const key = processSorts.find((each) => each === (reversed ? text?.slice(1) : text));
  return key === undefined ? { key: 'cpu', reversed: false } : { key, reversed };
}

type Searched = Pick<GuestProcess, 'pid' | 'name' | 'command' | 'user'>;

/** Those that have all words in their name, command, user or pid. */
export function filterProcesses<T extends Searched>(processes: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return processes.filter(({ pid, name, command, user }) => {
    const searched = `${pid} ${name} ${command} ${user}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** Threads of the kernel all descend from number 2. */
export function isKernelThread({ pid, parentPid }: Pick<GuestProcess, 'pid' | 'parentPid'>): boolean {
  return pid === 2 || parentPid === 2;
}

/** Why no signal may be sent to a process; undefined when one may. */
export function signalRefusal(
  process: Pick<GuestProcess, 'pid' | 'parentPid' | 'name'>,
  allowed: boolean,
): string | undefined {
  if (!allowed) return 'You lack the privilege guest.exec on this VM';
  if (process.pid === 1) return 'The guest ends with it; stop the VM instead';
  if (isKernelThread(process)) return 'It is a thread of the kernel';
  return undefined;
}

const states: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a device',
  T: 'stopped',
  t: 'stopped by a debugger',
  Z: 'ended, not collected by its parent',
  I: 'idle',
  X: 'dead',
};

/** A state letter of ps in words. */
export function processState(letter: string): string {
  return states[letter] ?? letter;
}
