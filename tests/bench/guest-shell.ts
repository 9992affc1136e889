import type { RawPort } from './raw-port.ts';

/** A shell in the guest that belongs to neither agent, on a port of its own: it starts, stops and looks at both. */
export class GuestShell {
  readonly #port: RawPort;
  #count = 0;

  constructor(port: RawPort) {
    this.#port = port;
  }

  /** Runs one line and gives its standard output and error, trimmed. */
  async run(command: string): Promise<string> {
    const mark = `==${++this.#count}==`;
    // The mark is spelled in two halves, so that an echo of the line does not look like its end.
    await this.#port.write(`{ ${command}\n} 2>&1; echo "=""=${this.#count}=="\n`);
    const text = await this.#port.readUntil(mark);
    return text.slice(0, -mark.length).trim();
  }

  /** Starts something without waiting for it, and says when the line was typed. */
  async start(command: string): Promise<number> {
    const typed = performance.now();
    await this.#port.write(`${command} >/dev/null 2>&1 &\n`);
    return typed;
  }

  /** A number out of a line of /proc/PID/status, such as VmRSS in kB. */
  async statusOf(pid: number, field: string): Promise<number> {
    return Number(await this.run(`sed -n 's/^${field}:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/${pid}/status`));
  }

  /** CPU time of a process in milliseconds, and how often it gave up the CPU. */
  async costOf(pid: number): Promise<{ cpuMs: number; wakeups: number }> {
    const stat = await this.run(`cat /proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuMs: ticks * 10, wakeups: await this.statusOf(pid, 'voluntary_ctxt_switches') };
  }
}
