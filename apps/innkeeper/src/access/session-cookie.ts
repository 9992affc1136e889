import { sessionCookie } from './authenticate.ts';
import { sessionMaxMs } from './sessions.ts';

/** Sets the session's cookie: out of reach of scripts and of other sites' pages. */
export function setSessionCookie(secret: string, isSecure: boolean): string {
  return `${sessionCookie}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${sessionMaxMs / 1000}${isSecure ? '; Secure' : ''}`;
}

/** Takes it back. */
export function clearSessionCookie(isSecure: boolean): string {
  return `${sessionCookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0${isSecure ? '; Secure' : ''}`;
}
