import type { Host } from '../host.ts';
import type { KernelNetwork } from './kernel-network.ts';
import { IFA_F_DADFAILED, IFA_F_TENTATIVE } from './netlink.ts';
import type { NetworkSettings } from './network-settings.ts';

const timeoutMs = 30_000;
const everyMs = 250;

/** Resolves when the kernel has what was configured. Rejects with what is missing after 30 s. */
export async function untilApplied(host: Host, kernel: KernelNetwork, settings: NetworkSettings): Promise<void> {
  const untilMs = host.clock.monotonicMs() + timeoutMs;
  for (;;) {
    const missing = missingOf(kernel, settings);
    if (missing === undefined) return;
    if (host.clock.monotonicMs() >= untilMs) throw new Error(`${missing} after ${timeoutMs} ms.`);
    await new Promise<void>((resolve) => host.clock.setTimer(everyMs, resolve));
  }
}

/** @throws Error for an address that another machine has */
function missingOf(kernel: KernelNetwork, { ipv4, ipv6, interface: name }: NetworkSettings): string | undefined {
  const present = kernel.addresses();
  for (const address of [...ipv4.addresses, ...ipv6.addresses]) {
    const found = present.find(({ text }) => text === address);
    if (found === undefined) return `${name} does not have the address ${address}`;
    if (found.flags & IFA_F_DADFAILED) throw new Error(`Another machine has the address ${address}.`);
    if (found.flags & IFA_F_TENTATIVE) return `${address} is still checked for duplicates`;
  }
  if (ipv4.method === 'dhcp' && !present.some(({ text }) => text.includes('.') && !text.startsWith('169.254.')))
    return `${name} has no address from DHCP`;
  const routes = kernel.routes();
  for (const gateway of [ipv4.gateway, ipv6.gateway])
    if (gateway !== '' && !routes.some((route) => route.gateway === gateway))
      return `${name} has no route to ${gateway}`;
  return undefined;
}
