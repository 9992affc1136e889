import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import { until } from '@innkeeper/kit/testing';
import type { TestRoot } from './test-root.ts';

const socket = '/run/agent.sock';

/** An agent that runs in a test root, and a link to it. */
export class AgentInRoot implements AsyncDisposable {
  readonly link: AgentLink;
  readonly #child: ChildProcess;

  private constructor(link: AgentLink, child: ChildProcess) {
    this.link = link;
    this.#child = child;
  }

  /** Starts the command of a unit. It also listens on a socket, since there is no virtio port. */
  static async start(root: TestRoot, unit: string): Promise<AgentInRoot> {
    const command = /^ExecStart=(.+)$/m.exec(unit)?.[1];
    const path = join(root.path, socket);
    rmSync(path, { force: true });
    const child = root.start(`exec ${command} --listen unix:${socket}`);
    let log = '';
    child.stderr?.on('data', (data: Buffer) => (log += data));
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`The agent ended with ${child.exitCode}: ${log}`);
        return existsSync(path);
      },
      { what: 'the agent listens' },
    );
    const link = createAgentLink({
      connect: (signal) => openUnixChannel(path, { signal }),
      identity: { vmId: 'test', vmName: 'test', nodeVersion: 'test' },
      mayStepClock: false,
      telemetryIntervalMs: 0,
    });
    return new AgentInRoot(link, child);
  }

  /** Runs a command of the agent to its end. */
  async run(...argv: string[]): Promise<{ readonly output: string; readonly code: number | undefined }> {
    let output = '';
    let code: number | undefined;
    for await (const { event } of this.link.exec({ argv }).events) {
      if (event.case === 'output') output += Buffer.from(event.value.data).toString();
      if (event.case === 'exited' && event.value.status.case === 'exitCode') code = event.value.status.value;
    }
    return { output, code };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    const ended = this.#child.exitCode === null ? once(this.#child, 'close') : undefined;
    this.#child.kill('SIGTERM');
    await ended;
  }
}
