import { OperationError } from '@innkeeper/contract/errors';
import { cleanText, withDeadline } from '@innkeeper/kit';
import { hostClock } from '../../node/host-clock.ts';
import { runVirsh } from './run-virsh.ts';

const timeoutMs = 20_000;
/** Most domains that are listed. */
const maxDomains = 10_000;

/** The names of libvirt's domains, running or not. Fails with HYPERVISOR_UNREACHABLE, PROGRAM_MISSING. */
export async function listLibvirtDomains(uri: string, program = 'virsh'): Promise<string[]> {
  const late = (): OperationError => unreachable(`virsh did not answer within ${timeoutMs / 1000} s`);
  const { code, stdout, stderr } = await withDeadline({ timers: hostClock, timeoutMs, late }, (signal) =>
    runVirsh(program, ['-q', '-c', uri, 'list', '--all', '--name'], signal),
  );
  if (code !== 0) throw unreachable(cleanText(stderr.trim(), 300));
  const names = Buffer.from(stdout).toString().split('\n');
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .slice(0, maxDomains);
}

function unreachable(why: string): OperationError {
  return new OperationError('HYPERVISOR_UNREACHABLE', `libvirt does not answer: ${why}.`, {
    nextStep:
      'Check that libvirtd runs and that the daemon’s user may use it (group libvirt), and try again: inn adopt --libvirt.',
  });
}
