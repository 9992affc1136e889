import type { AgentLink } from '@innkeeper/agent-client';
import { type Metric, makeMetric, median } from '../metric.ts';
import type { QgaClient } from '../qga-client.ts';
import type { RawPort } from '../raw-port.ts';

const warmUps = 30;

/** Round trips of both agents alternately, so that both have the same conditions. */
export async function measurePing(link: AgentLink, qga: QgaClient, floor: RawPort, rounds: number): Promise<Metric[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const echo: number[] = [];
  for (let round = -warmUps; round < rounds; round++) {
    const start = performance.now();
    await link.ping();
    const middle = performance.now();
    await qga.call('guest-ping');
    const third = performance.now();
    await floor.write(Buffer.from([0x65, 0, 0, 0, 1, 0]));
    await floor.skip(1);
    if (round < 0) continue;
    ours.push(middle - start);
    theirs.push(third - middle);
    echo.push(performance.now() - third);
  }
  const peer = { name: 'qemu-ga', value: median(theirs) };
  return [
    makeMetric({
      metric: 'ping p50',
      value: median(ours),
      unit: 'ms',
      peer,
      bound: { of: 'ratio', is: { atMost: 1 } },
    }),
    makeMetric({
      metric: 'ping p50 beside a C echo of one byte',
      value: median(ours),
      unit: 'ms',
      peer: { name: 'C program', value: median(echo) },
    }),
  ];
}

/** Request to exit event of a static /bin/true: Innkeeper's agent, qemu-ga polled tightly, and posix_spawn in C. */
export async function measureExec(
  link: AgentLink,
  qga: QgaClient,
  floor: RawPort,
  program: string,
  rounds: number,
): Promise<Metric[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const spawn: number[] = [];
  for (let round = -warmUps; round < rounds; round++) {
    const start = performance.now();
    await runToExit(link, program);
    const middle = performance.now();
    await qga.exec(program, []);
    const third = performance.now();
    await floor.write('s');
    await floor.skip(1);
    if (round < 0) continue;
    ours.push(middle - start);
    theirs.push(third - middle);
    spawn.push(performance.now() - third);
  }
  const value = median(ours);
  return [
    makeMetric({
      metric: 'exec /bin/true p50',
      value,
      unit: 'ms',
      peer: { name: 'qemu-ga', value: median(theirs) },
      bound: { of: 'ratio', is: { atMost: 0.6 } },
    }),
    makeMetric({
      metric: 'exec /bin/true p50 beside posix_spawn',
      value,
      unit: 'ms',
      peer: { name: 'C program', value: median(spawn) },
      bound: { of: 'ratio', is: { atMost: 1.3 } },
    }),
  ];
}

async function runToExit(link: AgentLink, program: string): Promise<void> {
  await using session = link.exec({ argv: [program] });
  for await (const event of session.events) if (event.event.case === 'exited') return;
  throw new Error(`${program} did not end`);
}
