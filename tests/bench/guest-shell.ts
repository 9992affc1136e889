import type { RawPort } from './raw-port.ts';

/** A shell in the guest on a separate port, independent of both agents, to start, stop and measure them. */
export class GuestShell {
  readonly #port: RawPort;
  #count = 0;

  constructor(port: RawPort) {
    this.#port = port;
  }

  /** Runs a command and resolves to its standard output and error, trimmed. */
  async run(command: string): Promise<string> {
    const mark = `==${++this.#count}==`;
    // The mark is written in two halves, so that an echo of the command is not taken for its end.
    await this.#port.write(`{ ${command}\n} 2>&1; echo "=""=${this.#count}=="\n`);
    const text = await this.#port.readUntil(mark);
    return text.slice(0, -mark.length).trim();
  }

  /** Starts a command without waiting for it, and resolves to the time of its input. */
  async start(command: string): Promise<number> {
    const typed = performance.now();
    await this.#port.write(`${command} >/dev/null 2>&1 &\n`);
    return typed;
  }

  /** A number from /proc/PID/status, such as VmRSS in kB. */
  async statusOf(pid: number, field: string): Promise<number> {
    return Number(await this.run(`sed -n 's/^${field}:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/${pid}/status`));
  }

  /**
   * CPU time of a process with all its threads and the children it has waited for, in milliseconds, and its
   * threads' voluntary context switches. The kernel counts threads in nanoseconds, children in ticks of 10 ms.
   */
  async costOf(pid: number): Promise<{ readonly cpuMs: number; readonly wakeups: number }> {
    const runNs = sumOfLines(await this.run(`cut -d' ' -f1 /proc/${pid}/task/*/schedstat`));
    const stat = await this.run(`cat /proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const childTicks = Number(fields[13]) + Number(fields[14]);
    const switches = await this.run(`sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/${pid}/task/*/status`);
    return { cpuMs: runNs / 1e6 + childTicks * 10, wakeups: sumOfLines(switches) };
  }
}

function sumOfLines(text: string): number {
  return text.split('\n').reduce((sum, line) => sum + Number(line), 0);
}
