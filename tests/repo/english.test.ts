import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

/** Phrases that are not plain English, each with what to write instead. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [
    /(?<!\b[Tt]here )\bis no (?:text|file|command|JSON|UTF-8|image|terminal|link|user|page|number|name|caller|address|token|frame|message|regular|valid|hash|RPC|socket|port|host|key|path|tty|script|folder|disk|way|scope|session|call)\b/,
    'is not a …, invalid …',
  ],
  [/\bthat (?:is|are|was) none\b|(?<!\b[Tt]here )\b(?:is|are) none(?=[.,;:]| of )/, 'is not a …, invalid …'],
  [/\banew\b/, 'again'],
  [/\bcom(?:e|es|ing) again\b|\bcame again\b/, 'reconnect'],
  [/\bwho(?:ever)? comes (?:later|beyond|through|in)\b|\bcom(?:e|es) in by\b|\bmay come in\b/, 'the caller, log in'],
  [/\bgo(?:es)? on (?:with|where)\b|\bgone on with\b|\bgo(?:es)? on by itself\b/, 'continue, resume'],
  [/\bwhen it lasts\b/, 'if this persists'],
  [/\bmore may not\b|\bas many (?:\w+ ){1,4}as (?:may be|it may)\b/i, 'at most N, too many'],
  [/\bas well as may be\b/, 'best effort'],
  [
    /\b(?:fault|file|program|port|kernel|agent|page|folder|script|address)s? of ours\b/,
    'Innkeeper’s …, the daemon’s …',
  ],
  [/\btold an? (?:error|reason)\b|\btold the (?:error|reason)\b|\btold as \d/, 'reported'],
  [/\blooks? after (?:the|a|its|your|guests)\b/i, 'the technical verb'],
  [/\bWhoever has it\b|\bwhoever was it\b/, 'anyone with …, the current …'],
  [/\b(?:take|takes|taking|taken) \w+(?: \w+)? away\b(?! from)/, 'remove'],
  [/\bwrong words\b/, 'usage error'],
  [/\bruns? on if it\b|\bheed \^C\b/, 'keeps running unless …'],
  [/\bbegan without saying so\b/, 'did not confirm'],
  [/\bnames no privilege\b/, 'no privilege is declared'],
  [/\bit goes by\b|\bdoes not go by\b/, 'a name of this daemon'],
  [/\bhas been answered so\b/, 'has already been rejected'],
  [/\bin our clothes\b/, 'our …'],
  [/^\s*(?:\/\*\*|\*|\/\/) Gives\b/m, 'Returns …'],
];

const written = trackedFiles().filter(
  (file) =>
    /\.(tsx?|md|proto|sh|c|h)$/.test(file) &&
    !/\/gen\/|(^|\/)golden\//.test(file) &&
    file !== 'tests/repo/english.test.ts',
);

/** Lines of a file with one of the phrases. */
function lapses(file: string): string[] {
  return readTracked(file)
    .split('\n')
    .flatMap((line, index) =>
      phrases
        .filter(([phrase]) => phrase.test(line))
        .map(([, instead]) => `${file}:${index + 1}: ${line.trim().slice(0, 120)} → ${instead}`),
    );
}

describe('texts of the repository', () => {
  it('texts contain none of the phrases that are not plain English', () => {
    assert.ok(written.length > 200, `only ${written.length} files are checked`);
    assert.deepEqual(written.flatMap(lapses), []);
  });

  it('the check of phrases finds odd ones and accepts similar plain ones', () => {
    const found = (line: string): boolean => phrases.some(([phrase]) => phrase.test(line));
    const odd = [
      'The file is no text.',
      'the handshake that is none',
      'is started anew',
      'A fault of ours',
      'come again',
    ];
    assert.deepEqual(
      odd.filter((line) => !found(line)),
      [],
    );
    const plain = [
      'There is no user "x".',
      'is no longer running',
      'undefined if there is none.',
      'This is not a text file.',
    ];
    assert.deepEqual(plain.filter(found), []);
  });
});
