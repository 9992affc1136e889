import { reasons } from '../packages/contract/src/errors/reasons.ts';

/** The registry of reasons as a page. */
export function errorDocs(): string {
  const rows = Object.entries(reasons).map(
    ([name, { code, when, next }]) => `| \`${name}\` | \`${code}\` | ${when} | ${next} |`,
  );
  return [
    '# Errors',
    '',
    'Every error has one of Connect’s codes, a stable reason, a message that says what happened, and a next step. A reason is never renamed and never used again for something else. This page is made from `packages/contract/src/errors/reasons.ts` by `npm run generate`.',
    '',
    '| reason | code | when | next step |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
