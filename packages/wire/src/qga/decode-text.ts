import { decodeBase64 } from '../portable-base64.ts';
import { QgaError } from './qga-error.ts';

const maxTextChars = 4096;

/** A short text in base64, such as a password. @throws QgaError */
export function decodeText(encoded: string): string {
  const invalid = new QgaError('Base64 data contains invalid characters');
  const plain = encoded.replace(/\n/g, '');
  if (plain.length > maxTextChars || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw invalid;
  const bare = plain.replace(/=+$/, '');
  const text = new TextEncoder().encode(bare.padEnd(Math.ceil(bare.length / 4) * 4, 'A'));
  const bytes = new Uint8Array((text.length / 4) * 3);
  decodeBase64(text, bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, Math.floor((bare.length * 3) / 4)));
  } catch {
    throw invalid;
  }
}
