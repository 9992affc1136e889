import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchText, runningMatchText } from './match-text.ts';

describe('the count next to a filter', () => {
  it('a filter that cannot be read shows an error and no count', () => {
    for (const filter of ['state:flying', 'mem>', 'state:', '"open', 'cpu>abc'])
      assert.equal(matchText(filter, '', 3), 'The filter cannot be read. All VMs are listed.', filter);
    assert.equal(matchText('mem>', 'mem>80', 3), 'The filter cannot be read. The list is still for mem>80.');
    assert.equal(runningMatchText('state:flying', 0), 'The filter cannot be read, so nothing would run.');
  });

  it('a readable filter shows how many VMs match', () => {
    assert.equal(matchText('', '', 3), '3');
    assert.equal(matchText('mem>80', 'mem>80', 3), '3 match');
    assert.equal(runningMatchText('web', 1), '1 running VM matches');
    assert.equal(runningMatchText('web', 2), '2 running VMs match');
  });
});
