import { create } from '@bufbuild/protobuf';
import { isOperationError, reasons } from '@innkeeper/contract';
import {
  type Diagnosis,
  DiagnosisOutcome,
  DiagnosisSchema,
  type DiagnosisStep,
  DiagnosisStepSchema,
} from '@innkeeper/contract/control';
import { type Abortable, guestHostAddress, type NetworkState, nativePort } from '@innkeeper/hypervisor';
import { errorMessage } from '@innkeeper/kit';
import { parseAgentInstall } from '../images/agent-install.ts';
import { consoleLastLines } from './console-lines.ts';
import type { VmRunner } from './vm-runner.ts';

const stepTimeoutMs = 3_000;

interface Finding {
  readonly outcome: DiagnosisOutcome;
  readonly detail: string;
  readonly nextStep?: string | undefined;
  /** For who may see the console; `detail` is for everybody. */
  readonly consoleText?: string;
}

const { OK, FAILED, WARNING, SKIPPED } = DiagnosisOutcome;

/**
 * Looks for what keeps a VM's agent from answering, from the host to the guest. Takes 10 s at most. Rejects with the
 * signal's reason, at once.
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
  await look('control socket', () => controlSocket(runner, signal));
  await look('agent in the image', () => image(runner), true);
  await look('port opened by the guest', () => port(runner, signal));
  await look('hello', () => hello(runner, signal));
  if (runner.running?.features.supportsNetworkState) await look('network', () => network(runner), true);
  await look('console', () => lastLines(runner), runner.running !== undefined);
  signal.throwIfAborted();
  const first = steps.find((step) => step.outcome === FAILED) ?? steps.find((step) => step.outcome === WARNING);
  const conclusion = first === undefined ? '' : `${first.detail} ${first.nextStep}`.trim();
  return create(DiagnosisSchema, { steps, conclusion });
}

function process(runner: VmRunner): Finding {
  const { running, life } = runner;
  if (running !== undefined) return { outcome: OK, detail: `Process ${running.process.pid} runs.` };
  const nextStep =
    life.state === 'stopped' || life.state === 'crashed' ? `Start it: "inn start ${runner.row.name}".` : '';
  return { outcome: FAILED, detail: `The VM is ${life.state}. ${life.detail}`.trim(), nextStep };
}

async function controlSocket({ running, life, row }: VmRunner, signal: AbortSignal): Promise<Finding> {
  try {
    const paused = await running?.isPaused({ signal: within(signal) });
    if (!paused) return { outcome: OK, detail: 'The hypervisor answers, and the CPUs run.' };
    const detail = `The VM is paused, so nothing in it can answer. ${life.detail}`.trim();
    const restart = `Whoever paused it lets it go on; "inn stop ${row.name}" and "inn start ${row.name}" begin anew.`;
    return { outcome: FAILED, detail, nextStep: life.detail === '' ? restart : '' };
  } catch (error) {
    return failure(error, 'The hypervisor does not answer', reasons.HYPERVISOR_UNREACHABLE.next);
  }
}

function image({ row, agent }: VmRunner): Finding {
  const install = parseAgentInstall(row.agent);
  if (install.reason === '') {
    const how = install.initSystem === '' ? '' : `, started by ${install.initSystem}`;
    return { outcome: OK, detail: `Agent ${install.version} was put into the image${how}.` };
  }
  const outcome = agent.state.state === 'connected' ? WARNING : FAILED;
  return { outcome, detail: `${install.reason}: ${install.detail}`, nextStep: install.nextStep };
}

async function port({ running }: VmRunner, signal: AbortSignal): Promise<Finding> {
  try {
    if (!running?.features.supportsPortState) return { outcome: WARNING, detail: 'This driver cannot tell.' };
    const open = await running.isPortOpen(nativePort, { signal: within(signal) });
    if (open) return { outcome: OK, detail: `A process in the guest has ${nativePort} open.` };
    return {
      outcome: FAILED,
      detail: `No process in the guest has ${nativePort} open: the guest still boots, or its agent did not start.`,
      nextStep: 'Look at the last lines of the console below, and at the state of the service "innkeeper-agent".',
    };
  } catch (error) {
    return failure(error, 'The port could not be looked at', '');
  }
}

async function hello({ agent }: VmRunner, signal: AbortSignal): Promise<Finding> {
  try {
    const pong = await agent.link?.ping({ signal, timeoutMs: stepTimeoutMs });
    if (pong === undefined) return { outcome: FAILED, detail: 'There is no link to the agent.' };
    return { outcome: OK, detail: `Agent ${pong.agentVersion} answered in ${pong.roundTripMs.toFixed(1)} ms.` };
  } catch (error) {
    return failure(error, 'The agent does not answer', 'Look at its log in the guest; "inn console" gets you in.');
  }
}

/** The agent does not need the network, so nothing here is a failure of the agent's. */
async function network({ running, row }: VmRunner): Promise<Finding> {
  let state: NetworkState | undefined;
  try {
    state = await running?.network();
  } catch (error) {
    return { ...failure(error, 'The network could not be looked at', ''), outcome: WARNING };
  }
  if (state === undefined) return { outcome: OK, detail: 'The VM has no network card.' };
  const { kind, problem } = state;
  const again = `Then "inn stop ${row.name}" and "inn start ${row.name}".`;
  switch (kind) {
    case 'isolated': {
      const detail = `In a network namespace of its own. Of the host the guest reaches only http://${guestHostAddress}/install-agent.sh and what lies beside it.`;
      if (problem === '') return { outcome: OK, detail: `${detail} pasta joins it to the host’s network.` };
      return { outcome: WARNING, detail: `${detail} Nothing else is reached: ${problem}` };
    }
    case 'restricted':
      return {
        outcome: WARNING,
        detail: `QEMU’s user network with restrict=on: the guest reaches nothing, neither the internet nor the daemon’s install-agent.sh. ${problem}`,
        nextStep: again,
      };
    case 'open':
      return {
        outcome: WARNING,
        detail: `QEMU’s user network without limits: the guest reaches every service on the host’s loopback at ${guestHostAddress}. ${problem}`,
        nextStep: again,
      };
  }
}

function lastLines({ running }: VmRunner): Finding {
  if (running === undefined) return { outcome: SKIPPED, detail: 'The VM does not run.' };
  const text = consoleLastLines(running.console.history());
  if (text === '') return { outcome: WARNING, detail: 'The guest printed nothing on its serial console.' };
  return { outcome: OK, detail: 'The guest printed on its serial console.', consoleText: text };
}

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(stepTimeoutMs)]);
}

function failure(error: unknown, what: string, next: string): Finding {
  const why = errorMessage(error);
  const nextStep = isOperationError(error) && next === '' ? error.nextStep : next;
  return { outcome: FAILED, detail: `${what}: ${why}`, nextStep };
}
