import { create } from '@bufbuild/protobuf';
import { isOperationError, reasons } from '@innkeeper/contract';
import {
  clockOffText,
  type Diagnosis,
  DiagnosisOutcome,
  DiagnosisSchema,
  type DiagnosisStep,
  DiagnosisStepSchema,
  isOutdatedVersion,
} from '@innkeeper/contract/control';
import { type Abortable, guestHostAddress, type NetworkState, nativePort } from '@innkeeper/hypervisor';
import { errorMessage } from '@innkeeper/kit';
import { parseAgentInstall } from '../images/agent-install.ts';
import { askInTime } from './ask-in-time.ts';
import { consoleLastLines } from './console-lines.ts';
import type { VmRunner } from './vm-runner.ts';

const helloTimeoutMs = 3_000;

interface Finding {
  readonly outcome: DiagnosisOutcome;
  readonly detail: string;
  readonly nextStep?: string | undefined;
  /** Only for callers who may see the console; `detail` is for all. */
  readonly consoleText?: string;
}

const { OK, FAILED, WARNING, SKIPPED } = DiagnosisOutcome;

/**
 * Finds out why a VM's agent does not answer, from the host to the guest. Takes at most 10 s. Rejects immediately with
 * the signal's reason.
 */
export async function diagnose(
  runner: VmRunner,
  { signal = new AbortController().signal }: Abortable = {},
): Promise<Diagnosis> {
  const steps: DiagnosisStep[] = [];
  const failed = (): boolean => steps.some((step) => step.outcome === FAILED);
  const look = async (name: string, check: () => Finding | Promise<Finding>, always = false): Promise<void> => {
    signal.throwIfAborted();
    const skipped: Finding = { outcome: SKIPPED, detail: 'An earlier step failed.' };
    const { outcome, detail, nextStep = '', consoleText = '' } = failed() && !always ? skipped : await check();
    steps.push(create(DiagnosisStepSchema, { name, outcome, detail, nextStep, consoleText }));
  };
  await look('hypervisor process', () => process(runner));
  // Of an adopted VM, there is nothing but the agent to look at.
  if (!runner.isAdopted) {
    await look('control socket', () => controlSocket(runner, signal));
    await look('agent in the image', () => image(runner), true);
    await look('port opened by the guest', () => port(runner, signal));
  }
  await look('hello', () => hello(runner, signal));
  await look('clock', () => clock(runner));
  if (runner.agent.welcome?.deniedCapabilities.length) await look('policy', () => policy(runner));
  if (runner.running?.features.supportsNetworkState) await look('network', () => network(runner), true);
  if (!runner.isAdopted) await look('console', () => lastLines(runner), runner.running !== undefined);
  signal.throwIfAborted();
  const first = steps.find((step) => step.outcome === FAILED) ?? steps.find((step) => step.outcome === WARNING);
  const conclusion = first === undefined ? '' : `${first.detail} ${first.nextStep}`.trim();
  return create(DiagnosisSchema, { steps, conclusion });
}

function process(runner: VmRunner): Finding {
  const { running, life } = runner;
  if (running !== undefined && life.state === 'running' && life.detail !== '')
    return { outcome: FAILED, detail: life.detail, nextStep: 'Restart the VM.' };
  if (running?.adoptedAgent !== undefined)
    return { outcome: OK, detail: `Somebody else runs this VM; its agent is at ${running.adoptedAgent}.` };
  if (running !== undefined) return { outcome: OK, detail: `Process ${running.process?.pid} is running.` };
  const nextStep = life.state === 'stopped' || life.state === 'crashed' ? 'Start the VM.' : '';
  return { outcome: FAILED, detail: `The VM is ${life.state}. ${life.detail}`.trim(), nextStep };
}

async function controlSocket({ running, life }: VmRunner, signal: AbortSignal): Promise<Finding> {
  try {
    const paused = running && (await askInTime((options) => running.isPaused(options), signal));
    if (!paused) return { outcome: OK, detail: 'The hypervisor answers, and the CPUs are running.' };
    const detail = `The VM is paused, so nothing in it can answer. ${life.detail}`.trim();
    const restart = 'Resume it, or stop and start it.';
    return { outcome: FAILED, detail, nextStep: life.detail === '' ? restart : '' };
  } catch (error) {
    return failure(error, 'The hypervisor does not answer', reasons.HYPERVISOR_UNREACHABLE.next);
  }
}

function image({ row, agent }: VmRunner): Finding {
  const install = parseAgentInstall(row.agent);
  if (install.reason === '') {
    const how = install.initSystem === '' ? '' : `, started by ${install.initSystem}`;
    return { outcome: OK, detail: `Agent ${install.version} is installed in the image${how}.` };
  }
  const outcome = agent.state.state === 'connected' ? WARNING : FAILED;
  return { outcome, detail: `${install.reason}: ${install.detail}`, nextStep: install.nextStep };
}

async function port({ running }: VmRunner, signal: AbortSignal): Promise<Finding> {
  try {
    if (!running?.features.supportsPortState) return { outcome: WARNING, detail: 'This driver cannot check that.' };
    const open = await askInTime((options) => running.isPortOpen(nativePort, options), signal);
    if (open) return { outcome: OK, detail: `A process in the guest has ${nativePort} open.` };
    return {
      outcome: FAILED,
      detail: `No process in the guest has ${nativePort} open: the guest is still booting, or its agent did not start.`,
      nextStep: 'See the last lines of the console below, and check the service "innkeeper-agent" in the guest.',
    };
  } catch (error) {
    return failure(error, 'The port could not be checked', '');
  }
}

async function hello(runner: VmRunner, signal: AbortSignal): Promise<Finding> {
  const { agent, newestAgent, row } = runner;
  try {
    const pong = await agent.link?.ping({ signal, timeoutMs: helloTimeoutMs });
    if (pong === undefined) return { outcome: FAILED, detail: 'There is no link to the agent.' };
    if (isOutdatedVersion(pong.agentVersion, newestAgent))
      return {
        outcome: WARNING,
        detail: `Agent ${pong.agentVersion} answered in ${pong.roundTripMs.toFixed(1)} ms, and is older than ${newestAgent} of this daemon.`,
        nextStep: `Update it: inn agent update ${row.name}`,
      };
    return { outcome: OK, detail: `Agent ${pong.agentVersion} answered in ${pong.roundTripMs.toFixed(1)} ms.` };
  } catch (error) {
    return failure(
      error,
      'The agent does not answer',
      runner.isAdopted
        ? 'Check that the socket exists, that no other program holds it, and that the agent runs in the guest.'
        : 'See its log in the guest, through the serial console.',
    );
  }
}

function clock({ agent }: VmRunner): Finding {
  const { clockOffsetNs } = agent;
  if (clockOffsetNs === undefined) return { outcome: SKIPPED, detail: 'The guest has not reported its time yet.' };
  const off = clockOffText({ agent: { clockOffsetNs } });
  if (off === '') return { outcome: OK, detail: 'The guest’s clock agrees with the host’s.' };
  return {
    outcome: WARNING,
    detail: `The guest’s clock is ${off}.`,
    nextStep:
      'It is corrected within a minute, or now with inn sync-time. If it stays wrong, check the time services of guest and host.',
  };
}

/** What the guest itself turns off: a choice of who runs it, unless its file is wrong. */
function policy({ agent: { welcome, system } }: VmRunner): Finding {
  const denied = welcome?.deniedCapabilities ?? [];
  const reasons = system?.missingCapabilities.filter(({ name }) => denied.includes(name)).map(({ reason }) => reason);
  const why = [...new Set(reasons)].join('; ');
  const detail = `The guest turns off ${denied.join(', ')}${why === '' ? '' : `: ${why}`}.`;
  if (!why.includes(' is wrong: ')) return { outcome: OK, detail };
  return { outcome: WARNING, detail, nextStep: 'Correct the file in the guest and restart its agent.' };
}

/** The agent does not need the network, so problems here are only warnings. */
async function network({ running }: VmRunner): Promise<Finding> {
  let state: NetworkState | undefined;
  try {
    state = await running?.network();
  } catch (error) {
    return { ...failure(error, 'The network could not be checked', ''), outcome: WARNING };
  }
  if (state === undefined) return { outcome: OK, detail: 'The VM has no network card.' };
  const { kind, problem } = state;
  const again = 'Then stop and start the VM.';
  switch (kind) {
    case 'isolated': {
      const detail = `In a separate network namespace. On the host, the guest can only reach http://${guestHostAddress}/install-agent.sh and the files next to it.`;
      if (problem === '') return { outcome: OK, detail: `${detail} pasta connects it to the host’s network.` };
      return { outcome: WARNING, detail: `${detail} It cannot reach anything else: ${problem}` };
    }
    case 'restricted':
      return {
        outcome: WARNING,
        detail: `QEMU’s user network with restrict=on: the guest can only reach http://${guestHostAddress}/install-agent.sh and the files next to it, and not the internet. ${problem}`,
        nextStep: again,
      };
    case 'open':
      return {
        outcome: WARNING,
        detail: `QEMU’s unrestricted user network: the guest can reach every service on the host’s loopback at ${guestHostAddress}. ${problem}`,
        nextStep: again,
      };
  }
}

function lastLines({ running }: VmRunner): Finding {
  if (running === undefined) return { outcome: SKIPPED, detail: 'The VM is not running.' };
  const text = consoleLastLines(running.console.history());
  if (text === '') return { outcome: WARNING, detail: 'The guest printed nothing on its serial console.' };
  return { outcome: OK, detail: 'The guest printed on its serial console.', consoleText: text };
}

function failure(error: unknown, what: string, next: string): Finding {
  const why = errorMessage(error);
  const nextStep = isOperationError(error) && next === '' ? error.nextStep : next;
  return { outcome: FAILED, detail: `${what}: ${why}`, nextStep };
}
