import { guestShell } from '../guest-shell.ts';
import type { InnOptions } from '../inn.ts';

const script =
  'for d in /proc/[0-9]*; do if read -r n < $d/comm; then case $n in innkeeper*) grep -H VmHWM $d/status;; esac; fi; done 2>/dev/null; true';

/** Peak resident memory of an agent's process in the guest, in bytes, as recorded by the kernel. */
export async function agentPeakRssBytes(name: string, options: InnOptions): Promise<number> {
  const lines = await guestShell(name, script, options);
  const peaks = [...lines.matchAll(/VmHWM:\s+(\d+) kB/g)].map((match) => Number(match[1]) * 1024);
  if (peaks.length === 0) throw new Error(`no process of the agent was found in the guest: ${lines}`);
  return Math.max(...peaks);
}
