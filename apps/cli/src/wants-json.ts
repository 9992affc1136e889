/** Whether -o json stands among our own words, before the dashes that end them. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  return own.some(
    (word, index) =>
      word === '-ojson' || word === '--output=json' || (/^(-o|--output)$/.test(word) && own[index + 1] === 'json'),
  );
}
