import { createHash, randomBytes } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { type AgentLink, hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { type AgentInstaller, AgentInstallerSchema } from '@innkeeper/contract/control';
import { type AgentArchitecture, hostArchitecture, maxAgentBytes, offlineInstallScript } from '@innkeeper/images';
import { cleanText, errorMessage, withDeadline } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import type { OperationRow } from '@innkeeper/store';
import type { Node } from '../node.ts';
import type { OperationContext } from '../operations/running-operation.ts';
import type { VmRunner } from '../vm/vm-runner.ts';

const qgaPort = 'org.qemu.guest_agent.0';
/** Milliseconds that the guest's agent has to answer, its script to run, and the new agent to connect. */
const answerMs = 20_000;
const scriptMs = 120_000;
const connectMs = 60_000;
/** Bytes of what the script says. */
const maxOutputBytes = 16_384n;
const sentShare = 0.7;

const architectures: Readonly<Record<string, AgentArchitecture>> = { x86_64: 'amd64', aarch64: 'arm64' };

/**
 * Puts the daemon's agent into a guest through the agent of others that answers there: that of an adopted VM, or qemu-ga at
 * its port of a VM of Innkeeper's. Fails with VM_NOT_FOUND, VM_NOT_RUNNING, VM_WRONG_STATE, AGENT_UNREACHABLE.
 */
export async function installAgent(node: Node, vm: string): Promise<OperationRow> {
  const runner = node.get(vm);
  const { name, id: vmId } = runner.row;
  const { running } = runner;
  if (running === undefined) throw new OperationError('VM_NOT_RUNNING', `The VM "${name}" is not running.`);
  if (!runner.isAdopted && runner.agent.state.state === 'connected')
    throw new OperationError('VM_WRONG_STATE', `"${name}" has an agent of Innkeeper already.`, {
      nextStep: `To replace it by the daemon’s: inn agent update ${name}.`,
    });
  return await node.operations.start({
    kind: 'agent.install',
    target: name,
    vmId,
    work: async (context) => {
      if (runner.isAdopted) {
        await install(node, runner, runner.agent.requireLink(name), context);
        context.stage(
          'The agent is installed. It serves its own port: adopt the VM by that, with dialect=native, where it has one.',
          1,
        );
        return;
      }
      // Innkeeper's own VMs have a port for qemu-ga, at which their image may have brought one.
      await using link = node.context.createAdoptedLink({
        address: { kind: 'unix', path: qgaPort, dialect: 'qga' },
        connect: (signal) => running.openAgent({ kind: 'port', name: qgaPort }, { signal }),
        nodeVersion: node.context.version,
      });
      await install(node, runner, link, context);
      context.stage('waiting for the new agent', sentShare);
      const late = (): OperationError =>
        new OperationError('AGENT_UNREACHABLE', 'The agent was installed, but has not connected.', {
          nextStep: `Find out why: inn doctor ${name}.`,
        });
      await withDeadline({ timers: hostClock, timeoutMs: connectMs, signal: context.signal, late }, (either) =>
        runner.until(() => runner.agent.state.state === 'connected', either),
      );
      context.stage(`the agent is ${runner.agent.welcome?.agentVersion ?? 'connected'}`, 1);
    },
  });
}

async function install(
  node: Node,
  runner: VmRunner,
  link: AgentLink,
  { signal, stage }: OperationContext,
): Promise<void> {
  stage('asking the guest', 0);
  const { architecture } = await link.call(TelemetryServiceLite.getSystem, {}, { signal, timeoutMs: answerMs });
  if (architectures[architecture] === undefined && architecture !== '')
    throw new OperationError('AGENT_NOT_BUILT', `There is no agent for ${cleanText(architecture, 40)}.`);
  const installer = await agentInstaller(node, runner, architectures[architecture] ?? '');
  const folder = `/var/tmp/innkeeper-${randomBytes(8).toString('hex')}`;
  const file = `${folder}/agent/linux-${installer.architecture}`;
  // Fails if somebody else made it, so that nobody else can change what is run.
  await run(link, ['mkdir', '-m', '700', folder], signal);
  try {
    await run(link, ['mkdir', '-m', '700', `${folder}/agent`], signal);
    stage('sending the agent', 0.1);
    await send(link, file, installer.program, signal);
    await send(link, `${file}.sha256`, Buffer.from(`${installer.sha256}  innkeeper-agent\n`), signal);
    await send(link, `${folder}/install-agent.sh`, Buffer.from(installer.script), signal);
    stage('installing the agent', sentShare);
    const said = await run(link, ['/bin/sh', `${folder}/install-agent.sh`], signal);
    if (said !== '') stage(`note: ${said}`);
  } finally {
    // Also after a cancellation, and best effort.
    const late = (): OperationError => new OperationError('AGENT_UNREACHABLE', 'The agent did not answer in time.');
    const terms = { timers: hostClock, timeoutMs: answerMs, late };
    await withDeadline(terms, (either) => run(link, ['rm', '-rf', folder], either)).catch(() => undefined);
  }
}

async function send(link: AgentLink, path: string, content: Uint8Array, signal: AbortSignal): Promise<void> {
  const source = async function* (offset: bigint) {
    yield content.subarray(Number(offset));
  };
  await link.writeFile({ path, mode: 0o600, sizeBytes: BigInt(content.length) }, source, { signal });
}

/** Runs a program that must succeed; resolves to the end of what it said. */
async function run(link: AgentLink, argv: string[], signal: AbortSignal): Promise<string> {
  await using session = link.exec({ argv, timeoutMs: scriptMs, maxOutputBytes }, { signal });
  let said = '';
  for await (const { event } of session.events) {
    signal.throwIfAborted();
    if (event.case === 'output') said = (said + Buffer.from(event.value.data).toString()).slice(-400);
    if (event.case !== 'exited') continue;
    const text = cleanText(said.trim(), 400);
    const { status } = event.value;
    if (status.case === 'exitCode' && status.value === 0) return text;
    throw new OperationError(
      'AGENT_ERROR',
      `${argv[0]} failed in the guest with ${status.case} ${status.value}: ${text}`,
    );
  }
  throw new OperationError('AGENT_UNREACHABLE', 'The connection to the agent ended before the command did.');
}

/** The daemon's agent for an architecture, the guest's if none is named, with the script that installs it from beside itself. */
export async function agentInstaller(node: Node, runner: VmRunner, architecture: string): Promise<AgentInstaller> {
  const { agentBinary, updateKey } = node.context;
  const guests = architectures[runner.agent.system?.architecture ?? ''] ?? hostArchitecture;
  const wanted = architecture === '' ? guests : architecture;
  if (wanted !== 'amd64' && wanted !== 'arm64')
    throw new OperationError('INVALID_ARGUMENT', `"${wanted.slice(0, 40)}" is neither amd64 nor arm64.`);
  const path = agentBinary?.paths[wanted];
  if (path === undefined) throw new OperationError('AGENT_NOT_BUILT', `This daemon has no agent for ${wanted}.`);
  const program = await readRegularFile(path, maxAgentBytes).catch((error: unknown) => {
    throw new OperationError('AGENT_NOT_BUILT', `This daemon cannot read its agent: ${errorMessage(error)}`);
  });
  return create(AgentInstallerSchema, {
    architecture: wanted,
    script: await offlineInstallScript(updateKey.line),
    program: new Uint8Array(program),
    sha256: createHash('sha256').update(program).digest('hex'),
  });
}
