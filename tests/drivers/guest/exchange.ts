import type { Channel } from '@innkeeper/kit';

/**
 * Writes bytes to an echoing guest and reads as many back. Only for a fresh port: after an earlier session, its remaining
 * bytes may arrive.
 */
export async function exchange(channel: Channel, bytes: Uint8Array): Promise<Uint8Array> {
  const writing = channel.write(bytes);
  const received: Uint8Array[] = [];
  for (let count = 0; count < bytes.length; ) {
    const chunk = await channel.read();
    if (chunk === undefined) throw new Error('the channel ended');
    received.push(chunk.slice());
    count += chunk.length;
  }
  await writing;
  return Buffer.concat(received);
}
