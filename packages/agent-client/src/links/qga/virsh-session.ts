import { OperationError } from '@innkeeper/contract/errors';
import { cleanText, kib, Semaphore, withDeadline } from '@innkeeper/kit';
import { parseQgaAnswer, qgaRequest } from '@innkeeper/wire';
import { misbehaves } from '../../guest-claims.ts';
import { hostClock } from '../../node/host-clock.ts';
import { qgaError } from './qga-error.ts';
import { type QgaCall, type QgaCallOptions, QgaExchanger } from './qga-session.ts';
import { runVirsh } from './run-virsh.ts';

export interface VirshTarget {
  /** Such as "qemu:///system". */
  readonly uri: string;
  readonly domain: string;
  /** For tests. Default: virsh on the PATH. */
  readonly program?: string | undefined;
}

const commandTimeoutMs = 15_000;
/** Milliseconds that virsh may take beyond the time that it gives the agent: a libvirtd that hangs never answers. */
const virshMs = 5_000;
/** Bytes of a request: with the rest of the command line, below the 128 KiB that the kernel takes. */
const maxRequestBytes = 96 * kib;

/** Exchanges with the agent of a libvirt domain, whose socket libvirt owns: each command through virsh, which synchronises. */
export class VirshSession extends QgaExchanger {
  /** A request is an argument, of which the kernel takes 128 KiB. */
  readonly writeBytes = 64 * kib;
  readonly #target: VirshTarget;
  readonly #turn = new Semaphore(1);

  constructor(target: VirshTarget) {
    super();
    this.#target = target;
  }

  async exchange<T>(signal: AbortSignal, work: (call: QgaCall) => Promise<T>): Promise<T> {
    return await this.#turn.run(() => work((...asked) => this.#ask(signal, ...asked) as never), signal);
  }

  async #ask(
    signal: AbortSignal,
    command: string,
    arguments_: Readonly<Record<string, unknown>> = {},
    { timeoutMs = commandTimeoutMs, silentMs }: QgaCallOptions = {},
  ): Promise<unknown> {
    const { uri, domain, program = 'virsh' } = this.#target;
    const request = qgaRequest(command, arguments_);
    if (request.length > maxRequestBytes)
      throw new OperationError(
        'INVALID_ARGUMENT',
        `Through virsh, a request has at most ${maxRequestBytes} bytes; this ${command} has ${request.length}.`,
      );
    const json = new TextDecoder().decode(request).trim();
    const late = (): OperationError => new OperationError('AGENT_UNREACHABLE', 'virsh did not answer: libvirtd hangs.');
    const waitMs = (silentMs ?? timeoutMs) + virshMs;
    const seconds = String(Math.ceil((silentMs ?? timeoutMs) / 1000));
    const argv = ['-q', '-c', uri, 'qemu-agent-command', '--domain', domain, '--timeout', seconds, '--cmd', json];
    const { code, stdout, stderr } = await withDeadline(
      { timers: hostClock, timeoutMs: waitMs, signal, late },
      (either) => runVirsh(program, argv, either),
    );
    if (code !== 0) {
      const error = virshError(command, stderr);
      if (silentMs !== undefined && error.reason === 'AGENT_UNREACHABLE') return {};
      throw error;
    }
    const answer = parseQgaAnswer(stdout);
    if (answer.type === 'malformed') throw misbehaves(`${command}: ${answer.why}`);
    if (answer.type === 'error') throw qgaError(command, answer);
    return answer.value;
  }
}

/** What virsh prints instead of an answer: the agent's error behind libvirt's words, or libvirt's own. */
function virshError(command: string, stderr: string): OperationError {
  const [, description] = /unable to execute QEMU agent command '[^']*': (.*)/.exec(stderr) ?? [];
  if (description !== undefined) return qgaError(command, { errorClass: 'GenericError', description });
  const why = cleanText(stderr.replace(/^error: /, '').trim(), 300);
  return new OperationError('AGENT_UNREACHABLE', `virsh: ${why}`, {
    nextStep:
      'Check that the domain runs, that the daemon may use libvirt, and that qemu-guest-agent runs in the guest.',
  });
}
