import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorPage, isNavigation } from './error-page.ts';

describe('an error as a page', () => {
  it('what a caller or a guest wrote is text on an error page, never markup', () => {
    const page = errorPage({ message: `<img src=x onerror="a('b')">&`, nextStep: '</p><script>', reason: 'X_Y' });
    assert.ok(page.includes('<h1>&#60;img src=x onerror=&#34;a(&#39;b&#39;)&#34;&#62;&#38;</h1>'));
    assert.ok(page.includes('<p>&#60;/p&#62;&#60;script&#62;</p>'));
  });

  it('only a browser that opens an address gets a page', () => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    assert.equal(isNavigation({ headers: { 'sec-fetch-mode': 'navigate', accept } }), true);
    for (const headers of [{}, { accept }, { 'sec-fetch-mode': 'cors', accept }, { 'sec-fetch-mode': 'navigate' }])
      assert.equal(isNavigation({ headers }), false, JSON.stringify(headers));
  });
});
