import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzzParser } from './engine/fuzz-parser.ts';
import { reportFinding } from './findings.ts';
import type { ParserGroup } from './parser.ts';
import { moduleOf, parsersOf } from './parsers.ts';

/** Seconds for each parser, if they are set: `npm run test:fuzz` sets 60. */
const wanted = process.env['INNKEEPER_FUZZ_SECONDS'];
/** Otherwise a parser that faces peers gets more; all of them about 90 s of two processors. */
const shortSeconds = { facingPeers: 7, others: 1 } as const;
/** The same in each run, so that what is found is more likely that of a change; `npm run test:fuzz` has another each time. */
const seed = Number(process.env['INNKEEPER_FUZZ_SEED'] ?? 1);
/** To start the thread, and to shrink what is found. */
const slackMs = 110_000;

/** The tests that fuzz the parsers of a group, one after the other. */
export async function fuzzGroup(group: ParserGroup, options: { readonly atPeers: boolean }): Promise<void> {
  const parsers = (await parsersOf(group)).filter(({ facesPeer }) => (facesPeer === true) === options.atPeers);
  const seconds = Number(wanted ?? (options.atPeers ? shortSeconds.facingPeers : shortSeconds.others));
  describe(`parsers of ${group}${options.atPeers ? ' that face peers' : ''}`, () => {
    for (const { name } of parsers)
      it(`fuzzing for ${seconds} s finds nothing in the parser ${name}`, {
        timeout: seconds * 1000 + slackMs,
      }, async (t) => {
        const result = await fuzzParser({ module: moduleOf(group), name, seconds, seed, keeps: false });
        const { runs, blocks, finding } = result;
        t.diagnostic(`${name}: ${runs} inputs, ${blocks.reached} of ${blocks.known} blocks, seed ${seed}`);
        assert.ok(finding === undefined, finding === undefined ? '' : reportFinding(name, finding, seed));
      });
  });
}
