import type { Reason } from '../../packages/contract/src/errors/reason.ts';
import { reasons } from '../../packages/contract/src/errors/reasons.ts';
import { table } from './table.ts';

/** Renders the registry of reasons as a Markdown page. */
export function errorDocs(): string {
  const rows = Object.entries<Reason>(reasons).map(([name, { code, when, next, raisedByGuest }]) => [
    ...[`\`${name}\``, `\`${code}\``, raisedByGuest === true ? 'yes' : '', when, next],
  ]);
  return [
    '# Errors',
    '',
    'Every error has one of Connect’s codes, a stable reason, a message that says what happened, and a next step. A reason is never renamed and never reused for another error. `npm run generate` generates this page from `packages/contract/src/errors`. An agent may end a call with the reasons that have "yes" under *guest*; any other reason from a guest becomes `AGENT_ERROR` with its message quoted, so that a guest cannot speak for the daemon.',
    '',
    ...table(['reason', 'code', 'guest', 'when', 'next step'], rows),
    '',
  ].join('\n');
}
