import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatFileMode } from './format-file-mode.ts';
import { FileKind } from './gen/agent/v1/file_types_pb.ts';

describe('formatFileMode()', () => {
  it('formatFileMode() formats modes as ls does', () => {
    assert.equal(formatFileMode(FileKind.REGULAR, 0o4755), '-rwsr-xr-x');
    assert.equal(formatFileMode(FileKind.DIRECTORY, 0o1777), 'drwxrwxrwt');
    assert.equal(formatFileMode(FileKind.REGULAR, 0o6600), '-rwS--S---');
  });
});
