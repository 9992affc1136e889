import { type DescMethod, getOption } from '@bufbuild/protobuf';
import { privilege } from '@innkeeper/contract/control';
import { methodName } from './method-target.ts';

/** Short names, as a person searches for them. */
const actions: Readonly<Record<string, string>> = {
  'AccessService/Login': 'login',
  'AccessService/LoginWithLink': 'login.link',
  'AccessService/Logout': 'logout',
};

/** It asks no guest, and a page asks it every few seconds. */
const unnoted: ReadonlySet<string> = new Set(['TerminalService/ListTerminals']);

const readingVerbs = /^(Get|List|Watch|Query|Verify|Stat|Diagnose|Ping)/;

/** Whether the method changes something. What is not known to read only, does. */
export function isChange(method: DescMethod): boolean {
  return !readingVerbs.test(method.name);
}

/** The method's name in the audit; undefined for what neither changes anything nor works in a guest. */
export function auditAction(method: DescMethod): string | undefined {
  if (!isChange(method) && !getOption(method, privilege).startsWith('guest.')) return undefined;
  const name = methodName(method);
  if (unnoted.has(name)) return undefined;
  return actions[name] ?? name;
}
