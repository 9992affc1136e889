/** Replaces the module `host` where no descriptor can be watched, as when the user's watches are used up. */
export const closed: number[] = [];
export const killed: number[] = [];

export function watch(): never {
  throw new Error('epoll_ctl: ENOSPC');
}

export function close(fd: number): void {
  closed.push(fd);
}

export function kill(pid: number): void {
  killed.push(pid);
}

export const startFreezer = (): number[] => [7, 8, 9];
export const fork = (): number[] => [7, 8];
export const openRouteEvents = (): number => 8;
export const spawn = (): number[] => [7, 8, 9, 10];
export const reap = (): number[] => [];
export const setTimer = (): number => 1;
export const clearTimer = (): void => undefined;
export const readOnce = (): number => -1;
export const decodeUtf8 = (): string => '';
