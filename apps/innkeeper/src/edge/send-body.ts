import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Writes one piece of an answer; resolves when it takes more. Rejects with the signal's reason when the client left. */
export async function sendPiece(response: ServerResponse, piece: Uint8Array, signal: AbortSignal): Promise<void> {
  if (response.write(piece)) return;
  try {
    await once(response, 'drain', { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
