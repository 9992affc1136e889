import type { GuestShell } from '../guest-shell.ts';
import { type Metric, makeMetric, median } from '../metric.ts';
import { QgaClient } from '../qga-client.ts';

export interface StartupTools {
  readonly shell: GuestShell;
  readonly qgaSocketPath: string;
  /** The shell command that starts qemu-ga. */
  readonly qgaCommand: string;
  /** The shell command that starts Innkeeper's agent. */
  readonly agentCommand: string;
  /** Opens a session with Innkeeper's agent, resolves at its welcome, and closes it immediately. */
  readonly helloOnce: () => Promise<void>;
  /** Stops both agents and waits until they have ended. */
  readonly stopBoth: () => Promise<void>;
}

/** Time from the command in the guest's shell to the first reply, alternately; the request waits in the socket. */
export async function measureStartup(tools: StartupTools, rounds: number): Promise<Metric[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await tools.stopBoth();
    const answered = tools.helloOnce();
    const typed = await tools.shell.start(tools.agentCommand);
    await answered;
    ours.push(performance.now() - typed);
    await tools.stopBoth();
    theirs.push(await qgaStart(tools));
  }
  const peer = { name: 'qemu-ga', value: median(theirs) };
  return [
    makeMetric({
      metric: 'start to first reply p50',
      value: median(ours),
      unit: 'ms',
      peer,
      bound: { of: 'ratio', is: { atMost: 0.4 } },
    }),
  ];
}

async function qgaStart({ shell, qgaSocketPath, qgaCommand }: StartupTools): Promise<number> {
  await using client = await QgaClient.open(qgaSocketPath);
  const answered = client.sync();
  const typed = await shell.start(qgaCommand);
  await answered;
  return performance.now() - typed;
}
