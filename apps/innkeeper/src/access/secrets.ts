import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits, as text that fits into a cookie, a header and a URL. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Names something in lists; says nothing of its secret. */
export function newId(): string {
  return randomBytes(8).toString('hex');
}

/** What is kept of a secret. Its 256 bits need no slow hash. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** What a page must send along with the cookie of its session. It follows from the cookie, which other pages cannot read. */
export function csrfTokenOf(sessionSecret: string): string {
  return createHmac('sha256', sessionSecret).update('innkeeper csrf').digest('base64url');
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
