import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';

/** The name until the next boot. */
export function setKernelHostname(host: Host, name: string): void {
  const file = host.files.open('/proc/sys/kernel/hostname', openOptions({ access: 'write' }));
  try {
    host.files.writeNext(file, new TextEncoder().encode(name));
  } finally {
    file.close();
  }
}
