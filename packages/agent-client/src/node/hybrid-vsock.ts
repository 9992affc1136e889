import { OperationError } from '@innkeeper/contract/errors';
import { type Channel, cleanText, withDeadline } from '@innkeeper/kit';
import type { LinkClock } from '../clock.ts';
import { openUnixChannel } from './unix-channel.ts';

/** Milliseconds for connecting and for the line with which the hypervisor accepts. */
const handshakeTimeoutMs = 5_000;
/** "OK 4294967295\n", with room to spare. */
const maxLineBytes = 32;

/**
 * Connects to a port of a guest through its hypervisor's vsock socket: `CONNECT 1024\n` is answered by a line `OK …\n`, or
 * by the end of the connection where nothing in the guest listens.
 */
export async function openHybridVsock(
  path: string,
  port: number,
  clock: LinkClock,
  signal: AbortSignal,
): Promise<Channel> {
  const late = (): OperationError => refused(path, port, `no answer within ${handshakeTimeoutMs / 1000} s`);
  return await withDeadline({ timers: clock, timeoutMs: handshakeTimeoutMs, signal, late }, async (either) => {
    const channel = await openUnixChannel(path, { signal: either });
    try {
      // One that is closed at once may be closed before this is written; the read says so, too.
      await channel.write(Buffer.from(`CONNECT ${port}\n`)).catch(() => undefined);
      const rest = await acceptedBy(channel, path, port, either);
      return rest.length === 0 ? channel : withFirst(channel, rest);
    } catch (error) {
      await channel.close();
      throw error;
    }
  });
}

/** Reads the line, and returns what the guest sent right after it. */
async function acceptedBy(channel: Channel, path: string, port: number, signal: AbortSignal): Promise<Uint8Array> {
  let line = '';
  for (;;) {
    const bytes = await channel.read({ signal });
    if (bytes === undefined) throw refused(path, port, 'nothing in the guest listens there, or it is still booting');
    // Byte by byte: what follows the line is the guest's already.
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === 0x0a) {
        if (!/^OK( \d+)?\r?$/.test(line))
          throw refused(path, port, `the answer was "${cleanText(line, maxLineBytes)}"`);
        return bytes.slice(at + 1);
      }
      line += String.fromCharCode(byte);
      if (line.length > maxLineBytes) throw refused(path, port, 'the answer is not a line that begins with "OK"');
    }
  }
}

/** The channel, whose first read returns bytes that were read already. */
function withFirst(channel: Channel, bytes: Uint8Array): Channel {
  let first: Uint8Array | undefined = bytes;
  return {
    name: channel.name,
    read: async (options) => {
      const kept = first;
      first = undefined;
      return kept ?? (await channel.read(options));
    },
    write: (sent) => channel.write(sent),
    close: () => channel.close(),
    [Symbol.asyncDispose]: () => channel.close(),
  };
}

function refused(path: string, port: number, why: string): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `Port ${port} behind ${path} was not reached: ${why}.`);
}
