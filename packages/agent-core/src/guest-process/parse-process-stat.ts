/** Parsed /proc/PID/stat (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly parentPid: number;
  readonly isKernelThread: boolean;
  readonly cpuTicks: number;
  readonly threads: number;
  /** Start time in ticks since the guest booted. */
  readonly startTicks: number;
  readonly rssPages: number;
}

const PF_KTHREAD = 0x0020_0000;

/** Undefined if it is malformed. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The name may have spaces and parentheses: the fields follow the last one.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  const number = (index: number): number => Number(fields[index]);
  const [state = ''] = fields;
  if (open < 1 || close < open || fields.length < 22 || !/^[A-Za-z]$/.test(state)) return undefined;
  const stat = {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state,
    parentPid: number(1),
    isKernelThread: (number(6) & PF_KTHREAD) !== 0,
    cpuTicks: number(11) + number(12),
    threads: number(17),
    startTicks: number(19),
    rssPages: Math.max(0, number(21)),
  };
  const numbers = [stat.pid, stat.parentPid, stat.cpuTicks, stat.threads, stat.startTicks, stat.rssPages];
  return numbers.every(Number.isFinite) ? stat : undefined;
}
