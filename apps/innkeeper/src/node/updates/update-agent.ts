import { createHash, sign } from 'node:crypto';
import { type AgentLink, hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { TelemetryServiceLite, UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { confirmWithinSeconds, updateManifestText } from '@innkeeper/contract/agent-update';
import type { UpdateAgentRequest } from '@innkeeper/contract/control';
import { type AgentArchitecture, maxAgentBytes } from '@innkeeper/images';
import { errorMessage, withDeadline } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import type { OperationRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import type { Node } from '../node.ts';
import type { OperationContext } from '../operations/running-operation.ts';

/** Bytes of one message. */
const pieceBytes = 60_000;
/** Share of the work that is done when the program was sent. */
const sentShare = 0.8;
/** Milliseconds that a guest has to take the program and to begin with it, by the host's clock. */
const sentWithinMs = 600_000;
/** Milliseconds that a guest has to come back after the time of its new agent's trial. */
const backWithinMs = 30_000;

const architectures: Readonly<Record<string, AgentArchitecture>> = { x86_64: 'amd64', aarch64: 'arm64' };

type Choices = Pick<UpdateAgentRequest, 'allowOlder' | 'cutCalls' | 'again'>;

/** Replaces a guest's agent by the daemon's. Fails with VM_NOT_FOUND, VM_NOT_RUNNING, AGENT_UNREACHABLE, AGENT_NOT_BUILT. */
export async function updateAgent(node: Node, vm: string, choices: Choices): Promise<OperationRow> {
  const runner = node.get(vm);
  const { name, id: vmId } = runner.row;
  const link = runner.agent.requireLink(name);
  const { agentBinary } = node.context;
  if (agentBinary === undefined)
    throw new OperationError('AGENT_NOT_BUILT', 'This daemon has no agent: it was not built.', {
      nextStep: 'Build it on the daemon’s machine with "npm run build:agent" and restart the daemon.',
    });
  return await node.operations.start({
    kind: 'agent.update',
    target: name,
    vmId,
    work: async (context) => {
      const before = runner.agent.welcome?.agentVersion ?? '';
      if (before === agentBinary.version && !choices.again) {
        context.stage(`note: The agent of ${name} is ${before} already.`);
        return;
      }
      const now = await replaceAgent(link, node.context, choices, context);
      context.stage(`the agent was ${before} and is ${now}`, 1);
    },
  });
}

/** Resolves to the version that the guest says it has then. */
async function replaceAgent(
  link: AgentLink,
  { agentBinary, updateKey }: NodeContext,
  { allowOlder, cutCalls }: Choices,
  { signal, stage }: OperationContext,
): Promise<string> {
  stage('asking the guest', 0);
  const { architecture } = await link.call(TelemetryServiceLite.getSystem, {}, { signal });
  const path = agentBinary?.paths[architectures[architecture] ?? 'amd64'];
  if (path === undefined || agentBinary === undefined || architectures[architecture] === undefined)
    throw new OperationError('AGENT_NOT_BUILT', `This daemon has no agent for ${architecture.slice(0, 40)}.`);
  const program = await readRegularFile(path, maxAgentBytes).catch((error: unknown) => {
    throw new OperationError('AGENT_NOT_BUILT', `This daemon cannot read its agent: ${errorMessage(error)}`);
  });
  const sha256 = createHash('sha256').update(program).digest();
  const facts = { version: agentBinary.version, architecture, size: program.length };
  const text = updateManifestText({ ...facts, sha256: sha256.toString('hex') });
  const signature = sign(null, Buffer.from(text), updateKey.privateKey);
  const manifest = { ...facts, size: BigInt(program.length), sha256, signature, allowOlder, cutCalls };
  await sendAgent(link, manifest, program, { signal, stage });
  stage('waiting for the new agent', sentShare);
  const timeoutMs = confirmWithinSeconds.default * 1000 + backWithinMs;
  return (await link.call(UpdateServiceLite.confirm, { sha256 }, { timeoutMs })).version.slice(0, 40);
}

/**
 * Sends the program; resolves when the guest continues as it. It cannot be canceled after that. Rejects with
 * DEADLINE_EXCEEDED after 10 minutes, whatever the guest does.
 */
export async function sendAgent(
  link: AgentLink,
  manifest: { readonly signature: Uint8Array; readonly sha256: Uint8Array; readonly size: bigint },
  program: Uint8Array,
  { signal, stage }: OperationContext,
): Promise<void> {
  const accepted = Promise.withResolvers<void>();
  accepted.promise.catch(() => undefined);
  async function* requests() {
    yield { input: { case: 'manifest' as const, value: manifest } };
    await accepted.promise;
    for (let at = 0; at < program.length; at += pieceBytes) {
      stage('sending the agent', (sentShare * at) / program.length);
      yield { input: { case: 'data' as const, value: program.subarray(at, at + pieceBytes) } };
    }
    stage('the guest checks the agent', sentShare);
  }
  let isSwitching = false;
  const follow = async (either: AbortSignal): Promise<void> => {
    for await (const { event } of link.stream(UpdateServiceLite.apply, requests(), { signal: either })) {
      either.throwIfAborted();
      if (event.case === 'accepted') accepted.resolve();
      if (event.case !== 'switching') continue;
      isSwitching = true;
      stage(`the guest changes its agent, with ${Number(event.value.commands)} running commands`, sentShare);
    }
  };
  const late = (): OperationError =>
    new OperationError(
      'DEADLINE_EXCEEDED',
      `The guest did not change its agent within ${sentWithinMs / 60_000} minutes.`,
    );
  try {
    await withDeadline({ timers: hostClock, timeoutMs: sentWithinMs, signal, late }, follow);
  } catch (error) {
    // Its session ends then.
    if (!isSwitching) throw error;
  } finally {
    accepted.reject(new OperationError('CANCELED', 'The update ended.'));
  }
  if (!isSwitching) throw new OperationError('GUEST_MISBEHAVES', 'The agent ended its update without a result.');
}
