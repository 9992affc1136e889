import type { Channel } from '@innkeeper/kit';
import { detectionBytes } from '@innkeeper/wire';
import type { Dialect } from './dialect.ts';

/** Reads until a dialect matches or none can; `dialect` is undefined if the peer left or speaks none of them. */
export async function detect(
  channel: Channel,
  dialects: readonly Dialect[],
  signal: AbortSignal,
): Promise<{ readonly dialect: Dialect | undefined; readonly firstBytes: Uint8Array }> {
  let firstBytes = new Uint8Array(0);
  for (;;) {
    const bytes = await channel.read({ signal });
    if (bytes === undefined) return { dialect: undefined, firstBytes };
    const joined = new Uint8Array(firstBytes.length + bytes.length);
    joined.set(firstBytes);
    joined.set(bytes, firstBytes.length);
    firstBytes = joined;
    const answers = dialects.map((each) => each.detects(firstBytes));
    const dialect = dialects[answers.indexOf('yes')];
    const isFinal = firstBytes.length >= detectionBytes || !answers.includes('more');
    if (dialect !== undefined || isFinal) return { dialect, firstBytes };
  }
}
