/**
 * `npm run test:fuzz`: fuzzes every parser for 60 s, two at a time, or those that are named. `--keep` rewrites their corpus,
 * `--input FILE` runs the input of a finding.
 */
import { parseArgs } from 'node:util';
import { writeCorpus } from '../../tests/fuzz/engine/corpus-file.ts';
import { fuzzParser } from '../../tests/fuzz/engine/fuzz-parser.ts';
import { judge } from '../../tests/fuzz/engine/judge.ts';
import { readFinding, reportFinding } from '../../tests/fuzz/findings.ts';
import { moduleOf, parserGroups, parsersOf } from '../../tests/fuzz/parsers.ts';

const atOnce = 2;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: process.env['INNKEEPER_FUZZ_SECONDS'] ?? '60' },
    seed: { type: 'string', default: String(Date.now() & 0xffff_ffff) },
    keep: { type: 'boolean', default: false },
    input: { type: 'string' },
  },
});
const all = await Promise.all(
  parserGroups.map(async (group) => (await parsersOf(group)).map((parser) => ({ group, parser }))),
);
const chosen = all
  .flat()
  .filter(
    ({ group, parser }) => positionals.length === 0 || [group, parser.name].some((each) => positionals.includes(each)),
  );
if (chosen.length === 0) {
  console.error(
    `No parser or group has this name. They are: ${all
      .flat()
      .map(({ parser }) => parser.name)
      .join(', ')}.`,
  );
  process.exit(2);
}
const seed = Number(values.seed);
let failed = 0;

async function fuzzOne({ group, parser: { name } }: (typeof chosen)[number]): Promise<void> {
  const request = { module: moduleOf(group), name, seconds: Number(values.seconds), seed, keeps: values.keep };
  const { runs, seconds, blocks, kept, finding } = await fuzzParser(request);
  if (finding !== undefined) {
    failed += 1;
    console.log(reportFinding(name, finding, seed));
    return;
  }
  console.log(`${name}: ${runs} inputs in ${seconds.toFixed(0)} s, ${blocks.reached} of ${blocks.known} blocks`);
  if (kept !== undefined) writeCorpus(name, kept);
}

if (values.input !== undefined) {
  const bytes = readFinding(values.input);
  for (const { parser } of chosen) {
    const finding = await judge(parser, bytes);
    console.log(finding === undefined ? `${parser.name}: nothing is wrong` : `${parser.name}: ${finding.what}`);
    if (finding !== undefined) failed += 1;
  }
} else {
  console.log(`Fuzzing ${chosen.length} parsers for ${values.seconds} s each, seed ${seed}.`);
  const waiting = [...chosen];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await fuzzOne(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
process.exit(failed === 0 ? 0 : 1);
