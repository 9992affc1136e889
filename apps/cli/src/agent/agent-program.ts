import { type AgentLink, configureNetwork, createAdoptedLink } from '@innkeeper/agent-client';
import { parseAgentAddress } from '@innkeeper/contract';
import type { Telemetry } from '@innkeeper/contract/agent';
import { OutputStream, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { timersOf, withDeadline } from '@innkeeper/kit';
import { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { endedCode, failureCode } from '../commands/command-exit-code.ts';
import { clean } from '../output/clean.ts';
import { formatBytes, formatDuration, formatPercent } from '../output/format.ts';
import { printError } from '../output/print-error.ts';
import { version } from '../version.ts';
import { writeAll } from '../write-all.ts';
import type { AgentWords } from './agent-words.ts';

/** How long an agent may take to answer, before it is given up. */
const answerMs = 15_000;
/** And for its figures, which some agents send by themselves, every few seconds. */
const figuresMs = 20_000;

/** `inn --agent ADDRESS health|status|exec|configure-network`: talks to an agent's socket without a daemon. */
export async function runAgentProgram({ address, rest }: AgentWords): Promise<void> {
  const program = new Command('inn --agent ADDRESS')
    .description('Talk to the agent behind a socket, without a daemon.')
    .enablePositionalOptions()
    .exitOverride();
  program
    .command('health')
    .description('Print whether the agent answers')
    .action(() => withLink(address, health));
  program
    .command('status')
    .description('Print the figures of the guest')
    .action(() => withLink(address, status));
  program
    .command('exec')
    .description('Run a command in the guest, and exit with its exit code')
    .argument('<command...>')
    .passThroughOptions()
    .action((words: string[]) => withLink(address, (link) => exec(link, words)));
  program
    .command('configure-network')
    .description('Give the guest an address')
    .requiredOption('--ip <address/bits>', 'its address, such as 10.0.0.2/24')
    .requiredOption('--gateway <address>', 'its gateway')
    .option('--dns <addresses>', 'its name servers, with commas between them', '')
    .action(async ({ ip, gateway, dns }: { ip: string; gateway: string; dns: string }) => {
      const servers = dns.split(',').filter((each) => each !== '');
      const said = await configureNetwork(parsed(address), { ip, gateway, dns: servers }, answerMs);
      process.stdout.write(`${clean(said)}\n`);
    });
  await program.parseAsync([...rest], { from: 'user' });
}

/** As the documented host program has it, JSON frames are spoken where no dialect is named. */
function parsed(address: string) {
  return parseAgentAddress(
    address.startsWith('unix:') && !address.includes(',') ? `${address},dialect=json-frames` : address,
  );
}

async function withLink(address: string, work: (link: AgentLink) => Promise<void>): Promise<void> {
  await using link = createAdoptedLink({ address: parsed(address), nodeVersion: version });
  await work(link);
}

async function health(link: AgentLink): Promise<void> {
  const { agentVersion, roundTripMs } = await link.ping({ timeoutMs: answerMs });
  const { hostname } = await link.call(TelemetryServiceLite.getSystem, {}, { timeoutMs: answerMs });
  process.stdout.write(
    `healthy: ${clean(agentVersion)} on ${clean(hostname) || 'a guest'} answered in ${roundTripMs.toFixed(1)} ms\n`,
  );
}

async function status(link: AgentLink): Promise<void> {
  const report = Promise.withResolvers<Telemetry>();
  link.onTelemetry(report.resolve);
  // Fails if the agent does not answer at all.
  await link.ping({ timeoutMs: answerMs });
  const late = (): Error =>
    new OperationError('AGENT_UNREACHABLE', `The agent answers, but sent no figures within ${figuresMs / 1000} s.`);
  const deadline = { timers: timersOf(globalThis), timeoutMs: figuresMs, late };
  const { cpu, memory, load, uptimeSeconds, mounts, interfaces } = await withDeadline(deadline, () => report.promise);
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['uptime', formatDuration(uptimeSeconds === undefined ? undefined : Number(uptimeSeconds))],
    ['cpu', formatPercent(cpu?.busyPercent)],
    ['memory', `${formatBytes(memory?.usedBytes)} of ${formatBytes(memory?.totalBytes)}`],
    ['load', load?.oneMinute?.toString()],
    ...mounts.map(
      (each) =>
        [`disk ${each.mountPoint}`, `${formatBytes(each.usedBytes)} of ${formatBytes(each.totalBytes)}`] as const,
    ),
    ...interfaces.map(
      (each) => [`net ${each.name}`, `${formatBytes(each.rxBytes)} in, ${formatBytes(each.txBytes)} out`] as const,
    ),
  ];
  for (const [name, value] of lines) process.stdout.write(`${clean(name).padEnd(12)} ${clean(value ?? '–')}\n`);
}

async function exec(link: AgentLink, argv: readonly string[]): Promise<void> {
  // Fails in time if the agent does not answer; a command may take as long as it likes.
  await link.ping({ timeoutMs: answerMs });
  await using session = link.exec({ argv: [...argv] });
  try {
    for await (const { event } of session.events) {
      if (event.case === 'output')
        await writeAll(event.value.stream === OutputStream.STDERR ? process.stderr : process.stdout, event.value.data);
      if (event.case === 'exited') process.exitCode = endedCode(event.value);
    }
  } catch (error) {
    printError(error, false);
    throw new CliError('', { exitCode: failureCode(isOperationError(error) ? error.reason : ''), silent: true });
  }
}
