import type { Hello } from '@innkeeper/contract/agent';
import { errorMessage, type Log } from '@innkeeper/kit';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { setKernelHostname } from './kernel-hostname.ts';

/** The VM whose identity this guest has, and its name. */
const recordPath = '/var/lib/innkeeper-agent/vm';

/**
 * Makes the guest the VM that a hello names: fresh random numbers at every hello, and once for each VM and name its host
 * name, machine id and host keys, as far as the node wishes. What somebody changes in the guest later stays. One per
 * agent.
 */
export class Identity {
  readonly #host: Host;
  readonly #log: Log;
  #isBusy = false;

  constructor(host: Host, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** Returns when random numbers and host name are set; the rest follows. Never throws. */
  take({ entropy, vmId, vmName, maySetHostname, freshIdentity }: Hello, isFrozen: boolean): void {
    const host = this.#host;
    const attempt = (what: string, work: () => void): void => {
      try {
        work();
      } catch (error) {
        this.#log.warn(what, { error: errorMessage(error) });
      }
    };
    if (entropy.length > 0) attempt('entropy.not-added', () => host.system.addEntropy(entropy));
    const record = `${vmId} ${vmName}`;
    const before = readTrimmed(host, recordPath) ?? '';
    const isWanted = vmId !== '' && (maySetHostname || freshIdentity);
    if (!isWanted || this.#isBusy || isFrozen || before === record) return;
    const named = maySetHostname && !isNamedByCloudInit(host) ? vmName : undefined;
    if (named !== undefined) attempt('hostname.not-set', () => setKernelHostname(host, named));
    const isFresh = freshIdentity && before.split(' ')[0] !== vmId;
    this.#isBusy = true;
    this.#become(record, named, isFresh)
      .catch((error: unknown) => this.#log.warn('identity.not-set', { error: errorMessage(error) }))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #become(record: string, hostname: string | undefined, isFresh: boolean): Promise<void> {
    // A guest that has its identity, as at nearly every hello, does without it.
    const { becomeVm } = await import('./become-vm.ts');
    await becomeVm(this.#host, { record, recordPath, hostname, isFresh });
    this.#log.info('identity.taken', { hostname, fresh: isFresh });
  }
}

/** cloud-init sets the name that its seed says. */
function isNamedByCloudInit(host: Host): boolean {
  return exists(host, '/run/cloud-init') && !exists(host, '/run/cloud-init/disabled');
}
