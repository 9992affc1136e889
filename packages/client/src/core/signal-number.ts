import { OperationError } from '@innkeeper/contract/errors';

/**
 * Linux signals 1 to 31 on x86 and ARM. 32 and 33 are reserved by the C library; from 34 on they are RTMIN, RTMIN+1 and
 * so on.
 */
const names =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );
const last = 64;

/**
 * Returns a signal's Linux number: "TERM", "sigterm", "15" and 15 are the same. @throws OperationError INVALID_ARGUMENT
 */
export function signalNumber(signal: string | number): number {
  const text = String(signal).toUpperCase().replace(/^SIG/, '');
  const number = /^\d{1,2}$/.test(text) ? Number(text) : names.indexOf(text) + 1;
  if (number >= 1 && number <= last) return number;
  throw new OperationError('INVALID_ARGUMENT', `"${String(signal).slice(0, 40)}" is not a Linux signal.`, {
    nextStep: `Use a name such as TERM, KILL, HUP, INT, STOP or CONT, or a number from 1 to ${last}.`,
  });
}
