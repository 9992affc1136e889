import type { Duplex } from 'node:stream';
import type { ApiContext } from '../api-context.ts';
import { GuestStream } from './guest-stream.ts';

/** Connects to a port of the VM through its agent. Counts as a tunnel until the stream is closed. Fails with TOO_MANY_TUNNELS. */
export async function connectToGuest(
  { tunnels, vm }: Pick<ApiContext, 'tunnels' | 'vm'>,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const release = tunnels.take(vm);
  try {
    const agent = await vm.agent({ signal });
    const stream = await GuestStream.connect(agent, { target: { case: 'tcpPort', value: port } }, signal);
    return stream.once('close', release);
  } catch (error) {
    release();
    throw error;
  }
}
