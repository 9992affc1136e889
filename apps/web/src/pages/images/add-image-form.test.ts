import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AddImageForm, addImageProblems, fileOfUrl, imageNameOf } from './add-image-form.ts';

const form: AddImageForm = { name: 'debian', file: null, url: '', sha256: '' };

describe('the form of a new image', () => {
  it('an image without file, with an invalid URL, checksum or taken name is refused with a reason', () => {
    assert.deepEqual(addImageProblems(form, 'file', []), { file: 'Choose a file.' });
    for (const url of ['', 'debian.qcow2', 'ftp://x/y', 'file:///etc/passwd'])
      assert.notEqual(addImageProblems({ ...form, url }, 'url', []).url, undefined, url);
    const valid = { ...form, url: 'https://x.example/debian.qcow2' };
    assert.deepEqual(addImageProblems(valid, 'url', []), {});
    assert.notEqual(addImageProblems({ ...valid, sha256: 'abc' }, 'url', []).sha256, undefined);
    assert.deepEqual(addImageProblems({ ...valid, sha256: 'A'.repeat(64) }, 'url', []), {});
    assert.deepEqual(addImageProblems(valid, 'url', ['debian']), { name: 'There is already an image “debian”.' });
  });

  it('the name of an image follows from its file', () => {
    assert.equal(imageNameOf('Debian-13_generic.amd64.qcow2'), 'debian-13-generic-amd64');
    assert.equal(imageNameOf(fileOfUrl('https://x.example/a/noble.img?x=1')), 'noble');
    assert.equal(fileOfUrl('no url'), '');
  });
});
