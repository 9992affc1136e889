import type { Detection } from '../detection.ts';

/** With the preface of HTTP/2, which is answered with an error. */
const starts = ['GET ', 'PUT ', 'HEAD ', 'POST ', 'PATCH ', 'DELETE ', 'OPTIONS ', 'PRI '] as const;

/** Whether a fresh connection starts with a method of HTTP. */
export function detectHttp(firstBytes: Uint8Array): Detection {
  const text = String.fromCharCode(...firstBytes.subarray(0, 8));
  if (starts.some((start) => text.startsWith(start))) return 'yes';
  return starts.some((start) => start.startsWith(text)) ? 'more' : 'no';
}
