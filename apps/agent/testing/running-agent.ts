import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import { until } from '@innkeeper/kit/testing';

const root = join(import.meta.dirname, '..', '..', '..');

/** The agent's binary; INNKEEPER_TEST_AGENT names another one, such as a build with sanitizers. */
export const agentBinary =
  process.env['INNKEEPER_TEST_AGENT'] ?? join(root, 'dist', 'agent', `innkeeper-agent-linux-${process.arch}`);

/** Runs the binary if it is for another architecture: INNKEEPER_TEST_EMULATOR. */
const emulator = process.env['INNKEEPER_TEST_EMULATOR'];

export const isEmulatedAgent = emulator !== undefined;

/** Whether it has sanitizers or is emulated: several times slower, and its memory says nothing about the agent's. */
export const isSlowedAgent = agentBinary.endsWith('-asan') || isEmulatedAgent;

function commandOf(binary: string, words: readonly string[]): readonly [string, ...string[]] {
  return emulator === undefined ? [binary, ...words] : [emulator, binary, ...words];
}

/** Builds the agent if it is missing or older than its sources: for `before`. Takes about 10 s. */
export async function buildAgent(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'tools', 'build-agent.ts')], { cwd: root });
}

/** Runs the agent until it exits. */
export async function runAgent(
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const [program, ...rest] = commandOf(agentBinary, words);
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

export interface StartOptions {
  /** Shell commands to run before the agent. */
  readonly wrapper?: string;
  /** Prepares the agent's folder; may return another program, and further words of its command line. */
  readonly prepare?: (folder: string) => Promise<{ readonly program?: string; readonly words?: readonly string[] }>;
  /** The text of its configuration file, `etc/agent.toml` in its folder. Default: it has none. */
  readonly config?: (folder: string) => string;
}

/** An agent that serves its own unix socket, on the machine of the test. Disposing kills it in any state. */
export class RunningAgent {
  readonly socket: string;
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #links: AgentLink[] = [];
  /** Its log. */
  log = '';

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.socket = join(folder, 'a.sock');
    this.#child = child;
  }

  /** Resolves when the agent listens. */
  static async start({ wrapper = '', prepare, config }: StartOptions = {}): Promise<RunningAgent> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-'));
    const { program: binary = agentBinary, words: more = [] } = (await prepare?.(folder)) ?? {};
    const words = ['serve', '--no-virtio', '--listen', `unix:${join(folder, 'a.sock')}`, ...more];
    if (config !== undefined) {
      const path = join(folder, 'etc', 'agent.toml');
      await mkdir(join(folder, 'etc'));
      await writeFile(path, config(folder), { mode: 0o644 });
      words.push('--config', path);
    }
    const command = commandOf(binary, words);
    const [program, ...rest]: typeof command =
      wrapper === '' ? command : ['/bin/sh', '-c', `${wrapper}; exec "$@"`, 'sh', ...command];
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    const agent = new RunningAgent(folder, child);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      agent.log += text;
    });
    await agent.until(() => isListening(agent.pid, agent.socket));
    return agent;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How it ended, and the end of its log; undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null
      ? undefined
      : `by ${signalCode ?? exitCode}: ${this.log.slice(-4000)}`;
  }

  /** A link to the agent; its session opens by itself. */
  connect(): AgentLink {
    const link = createAgentLink({
      connect: (signal) => openUnixChannel(this.socket, { signal }),
      identity: { vmId: 'test', vmName: 'test', nodeVersion: 'test' },
      mayStepClock: false,
      telemetryIntervalMs: 0,
    });
    this.#links.push(link);
    return link;
  }

  /** A line of /proc/PID/status as a number: "VmRSS" and "VmHWM" in KiB, "voluntary_ctxt_switches". */
  async status(name: string): Promise<number> {
    const text = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
  }

  async openDescriptors(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  /** Polls while the agent runs. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    const what = (): string => `${isSo.toString()}; the agent's log: ${this.log}`;
    await until(
      async () => {
        if (await isSo()) return true;
        if (this.#child.exitCode !== null) throw new Error(`The agent ended: ${this.log}`);
        return false;
      },
      { what },
    );
  }

  /** Sends a signal and waits for the exit. */
  async end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }> {
    const startMs = performance.now();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      await once(this.#child, 'exit');
    }
    return { code: this.#child.exitCode, tookMs: performance.now() - startMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map((link) => link[Symbol.asyncDispose]()));
    await this.end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
    // In every test: the log must not contain errors.
    const fault = /.*(?:uncaught|unhandled rejection|runtime error|Sanitizer).*/.exec(this.log)?.[0];
    if (fault !== undefined) throw new Error(`The agent's log contains: ${fault}`);
  }
}

/**
 * Whether a unix socket listens in the network namespace of a process. Its file exists earlier, and a connection in
 * between is refused: proc_net(5) has the flag ACCEPTCON.
 */
async function isListening(pid: number, path: string): Promise<boolean> {
  const sockets = (await readFile(`/proc/${pid}/net/unix`, 'utf8')).split('\n').map((line) => line.split(' '));
  return sockets.some((fields) => fields.at(-1) === path && fields[3] === '00010000');
}
