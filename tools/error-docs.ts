import type { Reason } from '../packages/contract/src/errors/reason.ts';
import { reasons } from '../packages/contract/src/errors/reasons.ts';

/** The registry of reasons as a page. */
export function errorDocs(): string {
  const rows = Object.entries<Reason>(reasons).map(
    ([name, { code, when, next, raisedByGuest }]) =>
      `| \`${name}\` | \`${code}\` | ${raisedByGuest === true ? 'yes' : ''} | ${when} | ${next} |`,
  );
  return [
    '# Errors',
    '',
    'Every error has one of Connect’s codes, a stable reason, a message that says what happened, and a next step. A reason is never renamed and never used again for something else. This page is made from `packages/contract/src/errors/reasons.ts` by `npm run generate`. An agent may end a call with the reasons that have "yes" under *guest*; any other from a guest becomes `AGENT_ERROR` with its words quoted, so that no guest speaks for the daemon.',
    '',
    '| reason | code | guest | when | next step |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
