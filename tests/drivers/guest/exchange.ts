import type { Channel } from '@innkeeper/kit';

/**
 * Writes bytes to an echoing guest and reads as many back. A test that comes after another session on the same port
 * may see what that one left; this is for fresh ones.
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
