import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manPage } from './man-page.ts';

describe('a manual page', () => {
  it('a manual page shows help literally, escaping roff’s special characters', () => {
    const page = manPage('inn - the command line', 1, '1.0', [
      { title: 'inn ls', text: "Usage: inn ls\n\n.dot 'quote\n'x \\n\n" },
    ]);
    assert.equal(
      page,
      [
        '.TH INN 1 "" "Innkeeper 1.0"\n.SH NAME\ninn \\- the command line',
        '.SH "inn ls"\n.nf\nUsage: inn ls\n\n\\&.dot \'quote\n\\&\'x \\en\n.fi\n',
      ].join('\n'),
    );
  });
});
