import { readFile } from 'node:fs/promises';
import type { AgentLink } from '@innkeeper/agent-client';
import { readHostBusybox } from '../../packages/images/src/host-busybox.ts';
import type { BenchGuest } from './bench-guest.ts';
import { GuestShell } from './guest-shell.ts';
import { RawPort } from './raw-port.ts';

/** On tmpfs in the guest, to measure the agent and the channel without a disk. */
export const guestFolder = '/dev/shm/bench';
/** Statically linked, so that starting it costs little. */
export const guestTrue = `${guestFolder}/true`;
export const guestPeer = `${guestFolder}/bench-peer`;

/**
 * Copies the benchmark's programs to the guest and starts a shell there as a systemd service, so that it keeps running
 * when the agent is stopped.
 */
export async function installGuestTools(guest: BenchGuest, link: AgentLink, peerPath: string): Promise<GuestShell> {
  // busybox behaves as the program whose name it is called by.
  await upload(link, guestTrue, await readHostBusybox());
  await upload(link, guestPeer, await readFile(peerPath));
  // The agent answers before udev has named the ports, and while services are still starting.
  const port = '/dev/virtio-ports/bench.ctl';
  const settled = `until [ -c ${port} ]; do sleep 0.1; done; systemctl is-system-running --wait`;
  await run(link, ['timeout', '120', '/bin/sh', '-c', `${settled} || [ $? -ne 124 ]`]);
  // The host must connect first, since a port without a host reads as EOF, which would end the shell.
  const control = new GuestShell(await RawPort.open(guest.portSocket('bench.ctl')));
  const shell = `exec /bin/sh <>${port} >&0 2>&0`;
  await run(link, ['systemd-run', '--quiet', '--unit=bench-ctl', '/bin/sh', '-c', shell]);
  await control.run('cd /');
  return control;
}

async function upload(link: AgentLink, path: string, content: Buffer): Promise<void> {
  await link.writeFile({ path, mode: 0o755, createParents: true }, async function* slices() {
    for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
  });
}

async function run(link: AgentLink, argv: readonly string[]): Promise<void> {
  await using session = link.exec({ argv: [...argv] });
  let printed = '';
  for await (const { event } of session.events) {
    if (event.case === 'output') printed += Buffer.from(event.value.data).toString();
    if (event.case !== 'exited') continue;
    if (event.value.status.case === 'exitCode' && event.value.status.value === 0) return;
    break;
  }
  throw new Error(`${argv.join(' ')} failed in the guest: ${printed.trim()}`);
}
