import { portableByteOps } from '@innkeeper/wire';
import type { Bytes, Clock, Host, Jobs, Power, SystemPort } from '../host.ts';
import { HostError } from '../host-error.ts';
import { FakeFiles } from './fake-files.ts';
import { FakeFreezer } from './fake-freezer.ts';
import { putGuestFiles } from './fake-guest-files.ts';
import { FakeNetwork } from './fake-network.ts';
import { FakeProcesses, fakeAgentPid } from './fake-processes.ts';
import { builtinPrograms, type Program } from './fake-program.ts';
import { FakeProgramPort } from './fake-program-port.ts';
import { ManualClock } from './manual-clock.ts';
import { createSha256 } from './sha256.ts';

type JobResult = Awaited<ReturnType<Jobs['run']>>;

/**
 * A whole guest in memory, in which every operation of the agent runs: files, scripted programs in /usr/bin (`true`,
 * `cat`, `seq N`, `sleep`, `sh -c` with plain words and others), a clock that is advanced by hand unless another is
 * passed.
 */
export class FakeHost<C extends Clock = ManualClock> implements Host {
  readonly clock: C;
  readonly files: FakeFiles;
  readonly processes: FakeProcesses;
  readonly network = new FakeNetwork();
  readonly freezer: FakeFreezer;
  readonly power = new FakePower();
  readonly jobs = new FakeJobs();
  readonly bytes: Bytes;
  readonly system: SystemPort;
  readonly program = new FakeProgramPort();
  /** What was added to the random pool. */
  readonly entropy: Uint8Array[] = [];
  /** The kernel's log, as syslog(2) returns it; undefined: it is hidden. */
  kernelLog: string | undefined;

  /** @param options.programs more programs, by path */
  constructor(options: { readonly clock?: C; readonly programs?: Readonly<Record<string, Program>> } = {}) {
    // Without `clock`, C is its default, ManualClock.
    this.clock = options.clock ?? (new ManualClock() as Clock as C);
    this.freezer = new FakeFreezer(this.clock);
    this.files = new FakeFiles(this.clock);
    putGuestFiles(this.files, () => this.clock.monotonicMs());
    const programs = new Map(Object.entries(options.programs ?? {}));
    for (const [name, program] of Object.entries(builtinPrograms)) programs.set(`/usr/bin/${name}`, program);
    programs.set('/bin/sh', builtinPrograms['sh'] ?? (() => 0));
    for (const path of programs.keys()) this.files.put(path, '', { mode: 0o755 });
    this.processes = new FakeProcesses(this.files, this.clock, programs);
    let state = 1;
    this.bytes = {
      ...portableByteOps,
      createSha256,
      // Different for each call, and the same in every run.
      random: (count) =>
        Uint8Array.from({ length: count }, () => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          return state >>> 16;
        }),
    };
    this.system = {
      agentVersion: '0.1.0',
      pid: fakeAgentPid,
      uname: () => ({
        sysname: 'Linux',
        nodename: this.files.text('/proc/sys/kernel/hostname').trim(),
        release: '6.12.0',
        machine: 'x86_64',
      }),
      addEntropy: (bytes) => this.entropy.push(bytes.slice()),
      kernelLogEnd: (maxBytes) => {
        if (this.kernelLog === undefined) throw new HostError('EPERM', 'syslog');
        return this.kernelLog.slice(-maxBytes);
      },
      clockTicksPerSecond: 100,
      pageSizeBytes: 4096,
      supports: () => true,
    };
  }
}

class FakePower implements Power {
  /** The arguments of reboot(2). */
  readonly calls: string[] = [];

  async rebootNow(mode: string): Promise<void> {
    this.calls.push(mode);
  }
}

class FakeJobs implements Jobs {
  abandoned = 0;
  /** The commands that were run, each joined by spaces. */
  readonly ran: string[] = [];
  /** The deadlines of these commands, in milliseconds. */
  readonly timeouts: number[] = [];
  /** Results by command; others do not exist. */
  readonly results = new Map<string, Partial<JobResult>>();

  /** A result by the arguments, asked before `results`. */
  answer: ((argv: readonly string[]) => Partial<JobResult> | undefined) | undefined;

  async run(argv: readonly string[], { timeoutMs }: { readonly timeoutMs: number }): Promise<JobResult> {
    const line = argv.join(' ');
    this.ran.push(line);
    this.timeouts.push(timeoutMs);
    const result = this.answer?.(argv) ?? this.results.get(line);
    if (result === undefined) throw new HostError('ENOENT', 'execve', argv[0]);
    return { exitCode: 0, stdout: '', stderr: '', ...result };
  }
}
