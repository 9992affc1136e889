import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helloFailure } from './hello-message.ts';

describe('what innkeeper serve --hello prints when its VM does not come up', () => {
  it('has the reason, the link, and where to look, in 80 columns', () => {
    const setup = ['export INNKEEPER_DATA=/srv/vms'];
    const printed = helloFailure('image.build of "tiny" failed.', { web: 'Web console:\n  http://x/login#y', setup });
    assert.match(
      printed,
      /^The VM "hello" did not come up: image\.build of "tiny" failed\.\nThe daemon is running anyway\.$/m,
    );
    assert.match(
      printed,
      /^Web console:\n {2}http:\/\/x\/login#y\n\nTry in another terminal:\n\n {2}export INNKEEPER_DATA=\/srv\/vms\n {2}inn op ls /m,
    );
    assert.match(printed, /^ {2}inn doctor hello /m);
    assert.ok(printed.split('\n').every((line) => line.length <= 80));
  });
});
